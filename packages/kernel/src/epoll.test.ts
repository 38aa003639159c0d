import { expect, it } from 'vitest';
import { EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLLIN } from './constants.ts';
import { epoll_create1, epoll_ctl, epoll_wait } from './epoll.ts';
import { eventfd, takeEventfd } from './eventfd.ts';
import { write } from './file.ts';
import { poll } from './poll.ts';

const one = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);

it('tells which of many descriptors is ready, by the number it was added with', () => {
  using set = epoll_create1('set');
  using all = new DisposableStack();
  const fds = Array.from({ length: 300 }, (_, index) => {
    const fd = all.use(eventfd(`event ${index}`));
    epoll_ctl(set, EPOLL_CTL_ADD, fd, { events: EPOLLIN, data: index });
    return fd;
  });
  expect(epoll_wait(set)).toEqual([]);
  for (const index of [7, 299]) write(fds[index] as never, one);
  expect(epoll_wait(set).toSorted((left, right) => left.data - right.data)).toEqual([
    { events: EPOLLIN, data: 7 },
    { events: EPOLLIN, data: 299 },
  ]);
  write(fds[7] as never, one);
  expect(takeEventfd(fds[7] as never)).toBe(2n);
  expect(takeEventfd(fds[7] as never)).toBe(0n);
  epoll_ctl(set, EPOLL_CTL_DEL, fds[299] as never);
  expect(epoll_wait(set)).toEqual([]);
  expect(() => epoll_ctl(set, EPOLL_CTL_DEL, fds[299] as never)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
});

it('wakes the event loop as one descriptor', async () => {
  using set = epoll_create1('set');
  using fd = eventfd('event');
  epoll_ctl(set, EPOLL_CTL_ADD, fd, { events: EPOLLIN, data: 5 });
  const told = new Promise<number[]>((resolve) => {
    poll(set, { readable: true }, () => {
      const ready = epoll_wait(set).map(({ data }) => data);
      takeEventfd(fd);
      resolve(ready);
    });
  });
  write(fd, one);
  expect(await told).toEqual([5]);
});
