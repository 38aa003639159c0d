import { readdirSync } from 'node:fs';
import { errnoNumber, hasErrno, readFileInto, readlinkInto } from '@bulkhead/kernel';
import { NamespaceType } from '@bulkhead/model';
import { linkNameOf } from './namespace-types.ts';
import { type ProcessFacts, parseStat } from './process-facts.ts';

const ESRCH = -errnoNumber('ESRCH');
const ENOENT = -errnoNumber('ENOENT');

const linkNames = NamespaceType.options.map((type) => `/ns/${linkNameOf(type)}\0`);

/** Inode numbers of one of each type, in the order of NamespaceType; 0 where it could not be read. */
export type NamespaceSet = readonly number[];

const isGone = (errno: number): boolean => errno === ESRCH || errno === ENOENT;

/** Reads processes below a /proc; one reader uses its buffers again and again, so it is for one thread. */
export class ProcReader {
  readonly #root: string;
  readonly #path = Buffer.alloc(256);
  readonly #link = Buffer.alloc(64);
  #text = Buffer.alloc(16_384);

  constructor(root = '/proc') {
    this.#root = root;
  }

  /** Every process, in the order of /proc. */
  pids(): number[] {
    const pids: number[] = [];
    for (const name of readdirSync(this.#root)) {
      const first = name.charCodeAt(0);
      if (first >= 0x30 && first <= 0x39) pids.push(Number(name));
    }
    return pids;
  }

  #setPath(directory: string, name: string): void {
    this.#path.write(name, this.#path.write(directory, 0, 'latin1'), 'latin1');
  }

  #read(directory: string, name: string): number {
    this.#setPath(directory, name);
    for (;;) {
      const count = readFileInto(this.#path, this.#text);
      if (count < this.#text.length) return count;
      this.#text = Buffer.alloc(this.#text.length * 2);
    }
  }

  /** stat and cgroup of a process. @returns undefined where it is gone */
  facts(pid: number): ProcessFacts | undefined {
    const directory = `${this.#root}/${pid}`;
    const statLength = this.#read(directory, '/stat\0');
    if (statLength <= 0) return undefined;
    const stat = parseStat(this.#text.subarray(0, statLength));
    const cgroupLength = this.#read(directory, '/cgroup\0');
    const cgroups = cgroupLength > 0 ? this.#text.toString('utf8', 0, cgroupLength) : '';
    return { pid, ...stat, cgroups };
  }

  /**
   * Namespaces of a process's main thread, or of another thread.
   *
   * @returns undefined where it is gone, or has let go of them (a zombie); 0 stands for a type that may not be read
   */
  namespaces(pid: number, tid?: number): NamespaceSet | undefined {
    const directory = tid === undefined ? `${this.#root}/${pid}` : `${this.#root}/${pid}/task/${tid}`;
    const base = this.#path.write(directory, 0, 'latin1');
    const found: number[] = [];
    for (const name of linkNames) {
      this.#path.write(name, base, 'latin1');
      const length = readlinkInto(this.#path, this.#link);
      if (length > 0) found.push(parseLink(this.#link, length));
      else found.push(isGone(length) ? -1 : 0);
    }
    // A kernel without a type has no file of it; a process without any is gone.
    if (found.every((ino) => ino <= 0) && found.includes(-1)) return undefined;
    return found.map((ino) => Math.max(ino, 0));
  }

  /** Threads of a process. @returns undefined where it is gone */
  threads(pid: number): number[] | undefined {
    try {
      return readdirSync(`${this.#root}/${pid}/task`).map(Number);
    } catch (failure) {
      if (hasErrno(failure, 'ENOENT', 'ESRCH')) return undefined;
      throw failure;
    }
  }
}

/** Inode of `net:[4026531840]`. */
function parseLink(link: Buffer, length: number): number {
  let ino = 0;
  for (let at = link.indexOf(0x5b) + 1; at < length; at += 1) {
    const digit = (link[at] as number) - 0x30;
    if (digit < 0 || digit > 9) return ino;
    ino = ino * 10 + digit;
  }
  return ino;
}
