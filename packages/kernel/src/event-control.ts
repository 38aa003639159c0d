import { write } from 'node:fs';
import { SyscallError } from './error.ts';
import { type Fd, numberOf } from './fd.ts';
import { writeText } from './file.ts';

/** What a control group of version 1 is to tell, and through which eventfd (admin-guide/cgroup-v1/memory.rst, "Memory thresholds"). */
export interface CgroupEvent {
  event: Fd;
  /** The open file that is watched: memory.oom_control and others. */
  file: Fd;
  /** A threshold, a level, or nothing. */
  argument: string;
}

const lineOf = ({ event, file, argument }: CgroupEvent): string =>
  `${numberOf(event)} ${numberOf(file)}${argument === '' ? '' : ` ${argument}`}`;

/** Registers an eventfd by a write to cgroup.event_control: `EVENTFD FILE [ARGUMENT]`. The file may be closed afterwards. */
export function writeEventControl(control: Fd, event: CgroupEvent): void {
  writeText(control, lineOf(event));
}

/**
 * The same in another thread: for a registration that waits for an RCU grace period inside the kernel. Not recorded. All
 * three descriptors must stay open until it resolves.
 */
export function writeEventControlAside(control: Fd, event: CgroupEvent): Promise<void> {
  const line = lineOf(event);
  return new Promise((resolve, reject) => {
    write(numberOf(control), line, (failure) => {
      if (failure === null) resolve();
      else reject(new SyscallError('write', -(failure.errno ?? 0), `${control.label}, ${JSON.stringify(line)}`));
    });
  });
}
