import { beforeEach, describe, expect, it } from 'vitest';
import { taskRecord } from '../iterator/task-program.ts';
import { IteratedTasks } from './iterated-tasks.ts';
import type { ProcessReading } from './process-reading.ts';
import type { ProcessRecord } from './process-record.ts';
import type { TaskSink } from './task-reader.ts';

interface Task {
  tid: number;
  tgid?: number;
  parent?: number;
  threads?: number;
  comm?: string;
  startTicks?: number;
  exitState?: number;
  cssSet?: number;
  /** In the order of NamespaceType; all 0 where it has let go of them. */
  namespaces?: readonly number[];
  owner?: number;
}

const host = [1, 2, 3, 4, 5, 6, 7, 8];
const elsewhere = [1, 20, 30, 40, 50, 60, 7, 8];

function record({ tid, tgid = tid, parent = 1, threads = 1, comm = 'task', startTicks = 100, exitState = 0, ...task }: Task): Buffer {
  const bytes = Buffer.alloc(taskRecord.size);
  bytes.writeUInt32LE(tid, taskRecord.tid);
  bytes.writeUInt32LE(tgid, taskRecord.tgid);
  bytes.writeUInt32LE(parent, taskRecord.parentPid);
  bytes.writeUInt32LE(threads, taskRecord.threads);
  bytes.writeUInt32LE(exitState, taskRecord.exitState);
  bytes.writeUInt32LE(1, taskRecord.state);
  bytes.writeBigUInt64LE(BigInt(startTicks) * 10_000_000n + 9_999_999n, taskRecord.startBoottimeNsec);
  bytes.writeBigUInt64LE(0xffff_8880_0000_0000n + BigInt(task.cssSet ?? 1), taskRecord.cssSet);
  bytes.write(comm, taskRecord.comm, 'utf8');
  for (const [index, ino] of (task.namespaces ?? host).entries()) {
    bytes.writeUInt32LE(ino, taskRecord.namespaces + 4 * index);
    bytes.writeUInt32LE(task.owner ?? 7, taskRecord.owners + 4 * index);
  }
  return bytes;
}

class Sink implements TaskSink {
  readonly processes = new Map<number, ProcessRecord>();
  serial = 0;
  readonly log: string[] = [];
  put(reading: ProcessReading): void {
    this.serial += 1;
    this.log.push(`put ${reading.pid}`);
    this.processes.set(reading.pid, { ...reading, serial: this.serial } as ProcessRecord);
  }
  remove(pid: number): void {
    this.log.push(`remove ${pid}`);
    this.processes.delete(pid);
  }
}

let sink: Sink;
let tasks: Buffer[];
let inProc: Set<number>;
let cgroupReads: number;
let reader: IteratedTasks;
/** Something that happens in the middle of a walk. */
let meanwhile: () => void;

const reading = (pid: number, namespaces: readonly number[] = host): ProcessReading => ({
  pid,
  startTimeTicks: 100,
  parentPid: 1,
  command: 'task',
  state: 'S',
  session: 0,
  threads: 1,
  kernel: false,
  cgroups: '0::/a\n',
  namespaces,
  otherThreads: new Map(),
});

beforeEach(() => {
  sink = new Sink();
  tasks = [];
  inProc = new Set();
  cgroupReads = 0;
  meanwhile = () => undefined;
  const iterator = {
    *walk(): Generator<Buffer> {
      yield Buffer.concat(tasks);
      meanwhile();
    },
    readProcess: (pid: number) => {
      const found = tasks.filter((each) => each.readUInt32LE(taskRecord.tgid) === pid);
      return found.length === 0 ? undefined : Buffer.concat(found);
    },
  };
  const byProc = { read: (pid: number) => (inProc.has(pid) ? sink.put(reading(pid)) : sink.remove(pid)) };
  const proc = {
    cgroups: () => {
      cgroupReads += 1;
      return '0::/a\n';
    },
    eachPid: () => [...inProc].values(),
  };
  reader = new IteratedTasks(iterator, proc as never, byProc as never, sink);
});

const look = (): void => {
  for (const _ of reader.look());
};

describe('a walk over the tasks of the kernel', () => {
  it('reads each process, parents before their children, also where pids have begun anew', () => {
    tasks = [record({ tid: 5, parent: 9 }), record({ tid: 9, parent: 1, comm: 'späť' }), record({ tid: 1, parent: 0 })];
    look();
    expect(sink.log).toEqual(['put 1', 'put 9', 'put 5']);
    expect(sink.processes.get(9)).toMatchObject({ command: 'späť', startTimeTicks: 100, state: 'S', kernel: false, namespaces: host });
  });

  it('puts nothing again that is as it was, and reads the cgroups of a css_set once', () => {
    tasks = [record({ tid: 1, parent: 0 }), record({ tid: 2 }), record({ tid: 3, cssSet: 2 })];
    look();
    look();
    expect(sink.log).toEqual(['put 1', 'put 2', 'put 3']);
    expect(cgroupReads).toBe(2);
    tasks[1] = record({ tid: 2, comm: 'other' });
    look();
    expect(sink.log.slice(3)).toEqual(['put 2']);
  });

  it('tells of threads that are elsewhere than their process, and of what a main thread left that ended before them', () => {
    tasks = [
      record({ tid: 1, parent: 0 }),
      record({ tid: 4, threads: 3 }),
      record({ tid: 5, tgid: 4, namespaces: elsewhere }),
      record({ tid: 6, tgid: 4 }),
      record({ tid: 7, threads: 2, exitState: 32, namespaces: new Array(8).fill(0) }),
      record({ tid: 8, tgid: 7 }),
      record({ tid: 10, threads: 1, exitState: 32, namespaces: new Array(8).fill(0) }),
    ];
    look();
    expect(sink.processes.get(4)?.otherThreads).toEqual(new Map([[5, elsewhere]]));
    expect(sink.processes.get(7)).toMatchObject({ namespaces: new Array(8).fill(0), otherThreads: new Map([[8, host]]) });
    expect(sink.processes.has(10)).toBe(false);
    // It comes back to the others.
    tasks[2] = record({ tid: 5, tgid: 4 });
    look();
    expect(sink.processes.get(4)?.otherThreads.size).toBe(0);
  });

  it('takes nobody for gone whom it did not meet: /proc has the last word', () => {
    tasks = [record({ tid: 2 }), record({ tid: 3 })];
    inProc = new Set([1, 2, 3]);
    look();
    expect(sink.processes.has(1)).toBe(true);
    tasks = [record({ tid: 2 })];
    inProc = new Set([1, 2]);
    look();
    expect([...sink.processes.keys()].sort()).toEqual([1, 2]);
    expect([...reader.hidden]).toEqual([1]);
  });

  it('does not put what is older than what was read of a process meanwhile', () => {
    tasks = [record({ tid: 1, parent: 0 }), record({ tid: 2 })];
    look();
    tasks = [record({ tid: 1, parent: 0 }), record({ tid: 2, comm: 'before' })];
    meanwhile = () => {
      // Told by the kernel, and read at once: one that moved, one that was born behind the walk.
      sink.put(reading(2, elsewhere));
      sink.put(reading(3));
      inProc.add(3);
    };
    look();
    expect(sink.processes.get(2)).toMatchObject({ command: 'task', namespaces: elsewhere });
    expect(sink.processes.has(3)).toBe(true);
  });

  it('tells what it found of a namespace only while its process is being put', () => {
    tasks = [record({ tid: 1, parent: 0, namespaces: elsewhere, owner: 77 })];
    const told: unknown[] = [];
    const put = sink.put.bind(sink);
    sink.put = (each) => {
      told.push(
        reader.relationsOf(20, 'network'),
        reader.relationsOf(20, 'uts'),
        reader.relationsOf(7, 'user'),
        reader.relationsOf(99, 'ipc'),
      );
      put(each);
    };
    look();
    expect(told).toEqual([{ owner: 77 }, undefined, { owner: 77, parent: 77, ownerUid: 0 }, undefined]);
    expect(reader.relationsOf(20, 'network')).toBeUndefined();
  });

  it('reads one process alone, and asks /proc about one that ends', () => {
    tasks = [
      record({ tid: 4, parent: 0, threads: 2 }),
      record({ tid: 5, tgid: 4, namespaces: elsewhere }),
      record({ tid: 6, exitState: 32 }),
    ];
    inProc = new Set([4, 6]);
    for (const pid of [4, 6, 7]) reader.read(pid, false);
    expect(sink.log).toEqual(['put 4', 'put 6', 'remove 7']);
    expect(sink.processes.get(4)?.otherThreads).toEqual(new Map([[5, elsewhere]]));
  });
});
