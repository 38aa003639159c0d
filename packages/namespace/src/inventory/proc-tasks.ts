import type { NamespaceSet, ProcReader } from './proc-reader.ts';
import { maxAncestors, type TaskReader, type TaskSink } from './task-reader.ts';

const nobody: ReadonlyMap<number, NamespaceSet> = new Map();
const nothing: NamespaceSet = [0, 0, 0, 0, 0, 0, 0, 0];

/** Reads processes from /proc, one by one or all of them. */
export class ProcTasks implements TaskReader {
  readonly #reader: ProcReader;
  readonly #sink: TaskSink;
  #queue: number[] = [];

  constructor(reader: ProcReader, sink: TaskSink) {
    this.#reader = reader;
    this.#sink = sink;
  }

  *look(): Generator<void, void, unknown> {
    const present = new Set<number>();
    for (const pid of this.#reader.eachPid()) {
      if (pid !== undefined) present.add(pid);
      yield;
    }
    for (const pid of [...this.#sink.processes.keys()]) {
      if (present.has(pid)) continue;
      // It may have begun since.
      this.read(pid, true);
      yield;
    }
    for (const pid of present) {
      this.read(pid, true);
      yield;
    }
  }

  turn(): boolean {
    if (this.#queue.length === 0) this.#queue = [...this.#sink.processes.keys()];
    const pid = this.#queue.pop();
    if (pid !== undefined) this.read(pid, true);
    return this.#queue.length > 0;
  }

  relationsOf(): undefined {
    return undefined;
  }

  /** Reads one process. @param withThreads looks at its other threads although nothing else says that they differ */
  read(pid: number, withThreads: boolean, depth = 0): void {
    const facts = this.#reader.facts(pid);
    if (facts === undefined) {
      this.#sink.remove(pid);
      return;
    }
    // Whose child it is says to what it belongs: ancestors are known first, also where pids have begun anew.
    const { parentPid } = facts;
    if (parentPid !== 0 && depth < maxAncestors && !this.#sink.processes.has(parentPid)) this.read(parentPid, withThreads, depth + 1);
    const known = this.#sink.processes.get(pid);
    const isGoing = facts.state === 'Z' || facts.state === 'X';
    const namespaces = isGoing ? undefined : this.#reader.namespaces(pid);
    if (namespaces === undefined) {
      // A main thread can end before its others do (proc_pid_stat(5)): those still hold what they are in.
      const left = facts.threads > 1 ? this.#reader.otherThreads(pid, nothing) : nobody;
      if (left.size === 0) this.#sink.remove(pid);
      else this.#sink.put({ ...facts, namespaces: nothing, otherThreads: left });
      return;
    }
    const moved = known?.namespaces.some((ino, index) => ino !== namespaces[index]) ?? true;
    const lookAtThreads = facts.threads > 1 && (withThreads || moved || (known?.otherThreads.size ?? 0) > 0);
    const otherThreads = lookAtThreads ? this.#reader.otherThreads(pid, namespaces) : nobody;
    this.#sink.put({ ...facts, namespaces, otherThreads });
  }
}
