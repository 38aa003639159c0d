import type { Caller } from '@bulkhead/api';
import type { Act, Rendering } from '@bulkhead/billing';
import { type FileView, Problem } from '@bulkhead/model';

/** Who did it, as invoices and ledgers record it. */
export const nameOf = ({ subject }: Caller): string =>
  (subject.name === subject.id ? subject.id : `${subject.name} (${subject.id})`).slice(0, 256);

export const actOf = (caller: Caller): Act => ({ by: nameOf(caller), now: new Date() });

/** An answer is one JSON text: larger files are not for it. */
const mostBytes = 64 * 1024 * 1024;

export function toFile({ name, mediaType, bytes }: Rendering): FileView {
  if (bytes.length > mostBytes) throw new Problem('exhausted', `${name} has ${bytes.length} bytes, ${mostBytes} are the most`);
  return { name, mediaType, base64: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64') };
}
