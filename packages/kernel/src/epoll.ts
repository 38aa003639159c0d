import { arch } from './arch.ts';
import { EPOLL_CTL_ADD, type EPOLL_CTL_DEL, O_CLOEXEC } from './constants.ts';
import { adopt, type Fd, numberOf } from './fd.ts';
import { declare, perform } from './library.ts';

const cEpollCreate1 = declare<(flags: number) => number>('epoll_create1', 'int', ['int']);
const cEpollCtl = declare<(epoll: number, operation: number, fd: number, event: Buffer) => number>('epoll_ctl', 'int', [
  'int',
  'int',
  'int',
  'void *',
]);
const cEpollWait = declare<(epoll: number, events: Buffer, most: number, timeoutMsec: number) => number>('epoll_wait', 'int', [
  'int',
  'void *',
  'int',
  'int',
]);

const { size, data: dataAt } = arch.epollEvent;
const mostEvents = 256;
// One for all: the calls are synchronous, nothing of it survives them.
const buffer = Buffer.alloc(size * mostEvents);

export interface EpollEvent {
  /** EPOLLIN and others, as they were asked for; EPOLLERR and EPOLLHUP always. */
  events: number;
  /** What the descriptor was added with. */
  data: number;
}

/**
 * epoll_create1(2). The descriptor is itself readable while anything in it is ready, so that one watch of the event loop
 * stands for thousands; and it knows EPOLLPRI, which the loop does not. EPOLL_CLOEXEC, the flag of open(2), is always added.
 */
export function epoll_create1(label: string): Fd {
  return adopt(
    perform('epoll_create1', [O_CLOEXEC], () => cEpollCreate1(O_CLOEXEC)),
    label,
  );
}

/** epoll_ctl(2). @param added what to wait for, and a number that comes back with it */
export function epoll_ctl(
  epoll: Fd,
  operation: typeof EPOLL_CTL_ADD | typeof EPOLL_CTL_DEL,
  fd: Fd,
  added: EpollEvent = { events: 0, data: 0 },
): void {
  buffer.writeUInt32LE(added.events, 0);
  buffer.writeUInt32LE(added.data, dataAt);
  buffer.writeUInt32LE(0, dataAt + 4);
  const name = operation === EPOLL_CTL_ADD ? 'EPOLL_CTL_ADD' : 'EPOLL_CTL_DEL';
  perform('epoll_ctl', [epoll, name, fd], () => cEpollCtl(numberOf(epoll), operation, numberOf(fd), buffer));
}

/** epoll_wait(2) without waiting: what is ready now, some hundreds at most. */
export function epoll_wait(epoll: Fd): EpollEvent[] {
  const count = perform('epoll_wait', [epoll, mostEvents, 0], () => cEpollWait(numberOf(epoll), buffer, mostEvents, 0));
  return Array.from({ length: count }, (_, index) => ({
    events: buffer.readUInt32LE(index * size),
    data: buffer.readUInt32LE(index * size + dataAt),
  }));
}
