import { AT_FDCWD, type Fd, hasErrno, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, openat } from '@bulkhead/kernel';
import { Output } from '../launcher/output.ts';
import type { OutputPlan } from '../launcher/protocol.ts';
import { closePipes, type Held } from './store.ts';

/** Opens the reading ends of a process's pipes, to be held. A terminal has none. */
export function holdPipes(held: Held, key: string, directory: string): void {
  closePipes(held, key);
  const pipes: Fd[] = [];
  for (const stream of ['stdout', 'stderr']) {
    try {
      pipes.push(openat(AT_FDCWD, `${directory}/${stream}`, O_RDONLY | O_NONBLOCK | O_NOFOLLOW));
    } catch (failure) {
      if (!hasErrno(failure, 'ENOENT')) throw failure;
    }
  }
  held.pipes.set(key, pipes);
}

/** Writes into the log what a process left in its pipes when it ended and no launcher was there to take it. */
export function takeLastWords(held: Held, key: string, plan: OutputPlan): void {
  if ((held.pipes.get(key)?.length ?? 0) === 0) return;
  using output = new Output(plan);
  output.drainPipes();
  output.takeRest();
  closePipes(held, key);
}
