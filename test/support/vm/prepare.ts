import { join } from 'node:path';
import { findMissing } from '../needs.ts';
import { prepareBootFiles } from './boot-files.ts';
import { prepareDebianRoot } from './debian-root.ts';
import { guestNeeds } from './needs.ts';
import { prepareProgram } from './published-program.ts';

/**
 * Makes what guests are started from, before any file of the tier is run: files run beside one another, and on a machine
 * that has nothing of it yet they would all make the same and stand in each other's way.
 */
export default function prepareGuests(): void {
  if (findMissing(guestNeeds).length > 0) return;
  prepareBootFiles();
  prepareDebianRoot();
  prepareProgram(join(import.meta.dirname, '../../..'));
}
