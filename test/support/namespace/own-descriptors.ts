/** A program whose second thread has a table of descriptors of its own, in which alone a UTS namespace is held that nobody is in. */
import { readlinkSync } from 'node:fs';
import { isMainThread, Worker } from 'node:worker_threads';
import { CLONE_FILES, CLONE_NEWUTS, openNamespaceLink, unshare } from '@bulkhead/kernel';

if (isMainThread) new Worker(new URL(import.meta.url));
else {
  unshare(CLONE_FILES);
  unshare(CLONE_NEWUTS);
  const held = openNamespaceLink('/proc/thread-self/ns/uts');
  const ino = /\[(\d+)\]/.exec(readlinkSync('/proc/thread-self/ns/uts'))?.[1];
  // The thread goes on into a further one.
  unshare(CLONE_NEWUTS);
  process.stdout.write(`${ino}\n`);
  setInterval(() => held.closed, 1000);
}
