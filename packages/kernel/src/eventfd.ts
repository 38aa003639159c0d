import { EFD_CLOEXEC, EFD_NONBLOCK } from './constants.ts';
import { adopt, type Fd } from './fd.ts';
import { read } from './file.ts';
import { declare, perform } from './library.ts';

const cEventfd = declare<(initial: number, flags: number) => number>('eventfd', 'int', ['uint32_t', 'int']);

/** eventfd(2), non-blocking, from 0. EFD_CLOEXEC is always added. */
export function eventfd(label: string): Fd {
  return adopt(
    perform('eventfd2', [0, EFD_CLOEXEC | EFD_NONBLOCK], () => cEventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
    label,
  );
}

const counter = Buffer.alloc(8);

/** Takes what an eventfd counted since it was last taken; 0 where nothing was. */
export function takeEventfd(fd: Fd): bigint {
  return read(fd, counter) === undefined ? 0n : counter.readBigUInt64LE();
}
