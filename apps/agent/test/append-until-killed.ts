import { Journal } from '../src/journal/journal.ts';
import { makeReading } from './fixtures.ts';

// Appends readings for ever and says which sequence numbers were confirmed; ended by SIGKILL in the middle of it.
const journal = new Journal({ path: process.argv[2] as string });
for (let number = 1; ; number += 1) {
  const records = Array.from({ length: 1 + (number % 7) }, () => makeReading({ boottimeMsec: String(number) }));
  if (number % 3 === 0) await journal.note(records);
  else await journal.append(records);
  process.stdout.write(`${journal.lastSeq}\n`);
}
