import {
  AT_FDCWD,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLLIN,
  EPOLLPRI,
  epoll_create1,
  epoll_ctl,
  epoll_wait,
  eventfd,
  type Fd,
  hasErrno,
  IN_IGNORED,
  IN_MODIFY,
  IN_Q_OVERFLOW,
  inotify_add_watch,
  inotify_init1,
  inotify_rm_watch,
  O_NOFOLLOW,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  openat,
  poll,
  readInotify,
  takeEventfd,
  writeEventControl,
  writeEventControlAside,
  writeText,
} from '@bulkhead/kernel';
import type { Hierarchy } from '../hierarchy.ts';

/** How short of memory a group of version 1 is (admin-guide/cgroup-v1/memory.rst, "Memory Pressure"): told from this level on. */
export type MemoryLevel = 'low' | 'medium' | 'critical';

/** Share of a second of stalls that counts as pressure: `some` of 150 ms in any second (accounting/psi.rst, "Monitoring for pressure thresholds"). */
const pressureTrigger = 'some 150000 1000000';

const openOf = (hierarchy: Hierarchy, path: string, file: string, flags: number): Fd =>
  openat(AT_FDCWD, `${hierarchy.absolute(path)}/${file}`, flags | O_NOFOLLOW);

/** What the kernel answers where it has no such thing: an old kernel, a group that is gone, a controller that is not enabled. */
const isLacking = (failure: unknown): boolean =>
  hasErrno(failure, 'ENOENT', 'ENODEV', 'EINVAL', 'ENOSYS', 'EOPNOTSUPP', 'EACCES', 'EPERM', 'EBUSY');

interface Slot {
  fd: Fd;
  fire(): void;
}

/**
 * Everything the kernel tells by itself: eventfds in one epoll set, files that say so when they change (kernfs) in one
 * inotify instance, a watch of the event loop each; and pressure files, with a watch for every one.
 */
export class Triggers implements Disposable {
  readonly #epoll = epoll_create1('cgroup events');
  readonly #slots: (Slot | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #mostDescriptors: number;
  #descriptors = 0;
  readonly #inotify: Fd | undefined;
  readonly #watches = new Map<number, Set<() => void>>();
  readonly #pressures = new Set<DisposableStack>();
  /** Registrations that wait in the kernel, one after the other. */
  #aside: Promise<void> = Promise.resolve();
  #disposed = false;

  /** @param mostDescriptors eventfds and pressure files held, at most */
  constructor(mostDescriptors: number) {
    this.#mostDescriptors = mostDescriptors;
    poll(this.#epoll, { readable: true }, () => this.#takeReady());
    try {
      this.#inotify = inotify_init1();
      poll(this.#inotify, { readable: true }, () => this.#takeModified());
    } catch (failure) {
      // Too many instances of this user: counts are looked at once a second instead.
      if (!hasErrno(failure, 'EMFILE', 'ENFILE', 'ENOMEM')) throw failure;
    }
  }

  /** Descriptors held now, of those that are counted. */
  get descriptors(): number {
    return this.#descriptors;
  }

  /** Files watched now. */
  get watches(): number {
    return this.#watches.size;
  }

  #takeReady(): void {
    if (this.#disposed) return;
    for (const { data } of epoll_wait(this.#epoll)) {
      const slot = this.#slots[data];
      if (slot === undefined || slot.fd.closed) continue;
      takeEventfd(slot.fd);
      slot.fire();
    }
  }

  #takeModified(): void {
    if (this.#inotify === undefined || this.#inotify.closed) return;
    for (const { watch, mask } of readInotify(this.#inotify)) {
      if ((mask & IN_Q_OVERFLOW) !== 0) for (const fires of this.#watches.values()) for (const fire of fires) fire();
      else if ((mask & IN_IGNORED) !== 0) this.#watches.delete(watch);
      else for (const fire of this.#watches.get(watch) ?? []) fire();
    }
  }

  /** Has an eventfd fire; owns it from here on. */
  #hold(fd: Fd, fire: () => void): Disposable {
    const index = this.#free.pop() ?? this.#slots.length;
    epoll_ctl(this.#epoll, EPOLL_CTL_ADD, fd, { events: EPOLLIN, data: index });
    this.#slots[index] = { fd, fire };
    this.#descriptors += 1;
    return {
      [Symbol.dispose]: () => {
        if (this.#slots[index]?.fd !== fd) return;
        this.#slots[index] = undefined;
        this.#free.push(index);
        this.#descriptors -= 1;
        epoll_ctl(this.#epoll, EPOLL_CTL_DEL, fd);
        fd[Symbol.dispose]();
      },
    };
  }

  /** @returns undefined where no more descriptors are to be held, or the kernel has no such thing here */
  #register(hierarchy: Hierarchy, path: string, event: { file: string; argument: string }, fire: () => void): Disposable | undefined {
    if (this.#descriptors >= this.#mostDescriptors) return undefined;
    using undo = new DisposableStack();
    try {
      const eventFd = undo.use(eventfd(`eventfd of ${hierarchy.absolute(path)}/${event.file}`));
      using file = openOf(hierarchy, path, event.file, O_RDONLY);
      using control = openOf(hierarchy, path, 'cgroup.event_control', O_WRONLY);
      writeEventControl(control, { event: eventFd, file, argument: event.argument });
      const held = this.#hold(eventFd, fire);
      undo.move();
      return held;
    } catch (failure) {
      if (isLacking(failure)) return undefined;
      throw failure;
    }
  }

  /** Version 1: fires when the group, or one above it, runs out of memory, just before a process is killed (memory.rst, "OOM Control"). */
  onOom(hierarchy: Hierarchy, path: string, fire: () => void): Disposable | undefined {
    return this.#register(hierarchy, path, { file: 'memory.oom_control', argument: '' }, fire);
  }

  /** Version 1: fires while the kernel reclaims memory of the group with this much trouble, or more (memory.rst, "Memory Pressure"). */
  onMemoryLevel(hierarchy: Hierarchy, path: string, level: MemoryLevel, fire: () => void): Disposable | undefined {
    return this.#register(hierarchy, path, { file: 'memory.pressure_level', argument: level }, fire);
  }

  /**
   * Version 1: fires when the memory in use crosses this many bytes in either direction (memory.rst, "Memory thresholds").
   * The kernel waits for an RCU grace period, 10 ms to 30 ms, before it answers, so that this is done aside, one after
   * the other.
   */
  onMemoryThreshold(hierarchy: Hierarchy, path: string, bytes: number, fire: () => void): Disposable {
    let held: Disposable | undefined;
    let isWanted = true;
    this.#aside = this.#aside.then(async () => {
      if (!isWanted || this.#disposed || this.#descriptors >= this.#mostDescriptors) return;
      using undo = new DisposableStack();
      try {
        const event = undo.use(eventfd(`eventfd of ${hierarchy.absolute(path)}/memory.usage_in_bytes`));
        using file = openOf(hierarchy, path, 'memory.usage_in_bytes', O_RDONLY);
        using control = openOf(hierarchy, path, 'cgroup.event_control', O_WRONLY);
        await writeEventControlAside(control, { event, file, argument: String(bytes) });
        if (!isWanted || this.#disposed) return;
        held = this.#hold(event, fire);
        undo.move();
      } catch (failure) {
        if (!isLacking(failure)) throw failure;
      }
    });
    return {
      [Symbol.dispose]: () => {
        isWanted = false;
        held?.[Symbol.dispose]();
      },
    };
  }

  /** Resolves once every registration that was asked for is made. */
  settled(): Promise<void> {
    return this.#aside;
  }

  /**
   * Version 2: fires where tasks of the group stood still for want of it, 150 ms of a second, at most once a second
   * (psi.rst). The kernel keeps a thread for each group with such a trigger.
   */
  onPressure(hierarchy: Hierarchy, path: string, resource: 'cpu' | 'memory' | 'io', fire: () => void): Disposable | undefined {
    if (this.#descriptors + 2 > this.#mostDescriptors) return undefined;
    using undo = new DisposableStack();
    try {
      const file = undo.use(openOf(hierarchy, path, `${resource}.pressure`, O_RDWR));
      writeText(file, pressureTrigger);
      // The event loop knows no EPOLLPRI, so a set of its own stands for the file. Among others in one set it would be
      // lost: the kernel tells it to the first who asks (psi_trigger_poll), and that is the loop, asking for the set.
      const set = undo.use(epoll_create1(`epoll of ${file.label}`));
      epoll_ctl(set, EPOLL_CTL_ADD, file, { events: EPOLLPRI, data: 0 });
      poll(set, { readable: true }, fire);
      this.#descriptors += 2;
      const held = undo.move();
      this.#pressures.add(held);
      return {
        [Symbol.dispose]: () => {
          if (held.disposed) return;
          held.dispose();
          this.#pressures.delete(held);
          this.#descriptors -= 2;
        },
      };
    } catch (failure) {
      if (isLacking(failure)) return undefined;
      throw failure;
    }
  }

  /** Fires when the kernel says that a file changed: version 2's event files do. @returns undefined where it cannot be watched */
  onModified(hierarchy: Hierarchy, path: string, file: string, fire: () => void): Disposable | undefined {
    const inotify = this.#inotify;
    if (inotify === undefined) return undefined;
    try {
      const watch = inotify_add_watch(inotify, `${hierarchy.absolute(path)}/${file}`, IN_MODIFY);
      const fires = this.#watches.get(watch) ?? new Set();
      this.#watches.set(watch, fires);
      fires.add(fire);
      return {
        [Symbol.dispose]: () => {
          fires.delete(fire);
          if (fires.size > 0 || this.#watches.get(watch) !== fires) return;
          this.#watches.delete(watch);
          try {
            inotify_rm_watch(inotify, watch);
          } catch (failure) {
            // The kernel removed it with the file.
            if (!hasErrno(failure, 'EINVAL')) throw failure;
          }
        },
      };
    } catch (failure) {
      if (hasErrno(failure, 'ENOENT', 'ENOSPC', 'ENOMEM')) return undefined;
      throw failure;
    }
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    for (const slot of this.#slots) slot?.fd[Symbol.dispose]();
    for (const held of this.#pressures) held.dispose();
    this.#slots.length = 0;
    this.#inotify?.[Symbol.dispose]();
    this.#watches.clear();
    this.#epoll[Symbol.dispose]();
  }
}
