/** A program whose main thread stays where it is and whose other thread leaves its network and UTS namespace. Prints the tid. */
import { readlinkSync } from 'node:fs';
import { isMainThread, Worker } from 'node:worker_threads';
import { CLONE_NEWNET, CLONE_NEWUTS, unshare } from '@bulkhead/kernel';

if (isMainThread) new Worker(new URL(import.meta.url));
else {
  unshare(CLONE_NEWNET | CLONE_NEWUTS);
  process.stdout.write(`${readlinkSync('/proc/thread-self').split('/').at(-1)}\n`);
  setInterval(() => undefined, 1000);
}
