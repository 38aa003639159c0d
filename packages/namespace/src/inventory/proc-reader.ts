import { opendirSync, readdirSync } from 'node:fs';
import { errnoNumber, hasErrno, readFileInto, readListInto, readlinkInto, sizeOf } from '@bulkhead/kernel';
import { NamespaceType } from '@bulkhead/model';
import { type NamespaceMount, parseNamespaceMounts } from './mountinfo.ts';
import { linkNameOf, typeOfLink } from './namespace-types.ts';
import { type ProcessFacts, parseStat } from './process-facts.ts';

const gone: ReadonlySet<number> = new Set([-errnoNumber('ESRCH'), -errnoNumber('ENOENT')]);

const linkNames = NamespaceType.options.map((type) => `/ns/${linkNameOf(type)}\0`);
/**
 * Types in which a thread can differ from its process: setns(2) and unshare(2) refuse the others to a process with more
 * than one thread, and a thread is born into the pid namespace of its process.
 */
const ofThreads: ReadonlySet<NamespaceType> = new Set<NamespaceType>(['network', 'mount', 'ipc', 'uts', 'cgroup']);
const isOfThread = NamespaceType.options.map((type) => ofThreads.has(type));

const namesAtOnce = 256;

/** Listing a directory costs as much as reading some five links. */
const mostGuessed = 32;

/** Inode numbers of one of each type, in the order of NamespaceType; 0 where it could not be read. */
export type NamespaceSet = readonly number[];

/** An open descriptor on a namespace. */
export interface NamespaceDescriptor {
  ino: number;
  type: NamespaceType;
  fd: number;
  /** Set where it is in a table of descriptors that this thread does not share with its process. */
  tid?: number;
}

/** Reads processes below a /proc. It uses its buffers again and again. */
export class ProcReader {
  readonly #root: string;
  readonly #path = Buffer.alloc(256);
  readonly #link = Buffer.alloc(64);
  /** Types the kernel has not, by their place. */
  readonly #lacking: ReadonlySet<number>;
  #text = Buffer.alloc(16_384);
  #cgroupBytes = Buffer.alloc(0);
  #cgroups = '';

  constructor(root = '/proc') {
    this.#root = root;
    const own = this.#readLinks(`${root}/self`, undefined);
    this.#lacking = new Set(own.flatMap((ino, index) => (ino < 0 ? [index] : [])));
  }

  /** Every process, in the order of /proc, and undefined for what is none: the directory is read bit by bit. */
  *eachPid(): Generator<number | undefined, void, unknown> {
    const directory = opendirSync(this.#root, { bufferSize: namesAtOnce });
    try {
      for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
        const first = entry.name.charCodeAt(0);
        yield first >= 0x30 && first <= 0x39 ? Number(entry.name) : undefined;
      }
    } finally {
      directory.closeSync();
    }
  }

  /** stat and cgroup of a process. @returns undefined where it is gone */
  facts(pid: number): ProcessFacts | undefined {
    const directory = `${this.#root}/${pid}`;
    const statLength = this.#read(directory, '/stat\0');
    if (statLength <= 0) return undefined;
    const stat = parseStat(this.#text.subarray(0, statLength));
    return { pid, ...stat, cgroups: this.#readCgroups(directory) };
  }

  /** Text of /proc/<pid>/cgroup. @returns an empty one where it is gone */
  cgroups(pid: number): string {
    return this.#readCgroups(`${this.#root}/${pid}`);
  }

  /** Most processes are in the same cgroups as the one before: then it is the same text, not one more. */
  #readCgroups(directory: string): string {
    const length = this.#read(directory, '/cgroup\0');
    if (length <= 0) return '';
    const bytes = this.#text.subarray(0, length);
    if (!bytes.equals(this.#cgroupBytes)) {
      this.#cgroupBytes = Buffer.from(bytes);
      this.#cgroups = bytes.toString('utf8');
    }
    return this.#cgroups;
  }

  /** Arguments of a process; none where it is gone, or is a thread of the kernel. What does not fit is cut off. */
  commandLine(pid: number): string[] {
    this.#setPath(`${this.#root}/${pid}`, '/cmdline\0');
    const length = readFileInto(this.#path, this.#text);
    return length <= 0 ? [] : this.#text.toString('utf8', 0, length).replace(/\0+$/, '').split('\0');
  }

  /**
   * Namespaces of a process's main thread.
   *
   * @returns undefined where it is gone, or has let go of them; 0 stands for a type that may not be read
   */
  namespaces(pid: number | 'self'): NamespaceSet | undefined {
    const found = this.#readLinks(`${this.#root}/${pid}`, undefined);
    // One that ends lets go of what it shares before it leaves /proc.
    if (found.some((ino, index) => ino < 0 && !this.#lacking.has(index))) return undefined;
    return found.map((ino) => Math.max(ino, 0));
  }

  /** Threads of a process that are in other namespaces than `main`, by tid. */
  otherThreads(pid: number, main: NamespaceSet): ReadonlyMap<number, NamespaceSet> {
    const others = new Map<number, NamespaceSet>();
    for (const tid of this.#names(`${this.#root}/${pid}/task`) ?? []) {
      if (Number(tid) === pid) continue;
      const found = this.#readLinks(`${this.#root}/${pid}/task/${tid}`, main);
      if (found.some((ino) => ino < 0)) continue;
      if (found.some((ino, index) => ino !== main[index])) others.set(Number(tid), found);
    }
    return others;
  }

  /** How many descriptors a process has open. @returns 0 where the kernel does not tell, a negative errno where it is gone or we may not look */
  descriptorCount(pid: number): number {
    this.#setPath(`${this.#root}/${pid}`, '/fd\0');
    return sizeOf(this.#path);
  }

  /**
   * Open descriptors on namespaces.
   *
   * @param count what descriptorCount() said; most processes have the lowest numbers in use, and need not be listed then
   * @returns undefined where it is gone, `unreadable` where we may not look
   */
  descriptors(pid: number, count: number): NamespaceDescriptor[] | 'unreadable' | undefined {
    const directory = `${this.#root}/${pid}/fd/`;
    const base = this.#path.write(directory, 0, 'latin1');
    const found: NamespaceDescriptor[] = [];
    if (count > 0 && count <= mostGuessed) {
      let fd = 0;
      while (fd < count && this.#readDescriptor(base, fd, found)) fd += 1;
      if (fd === count) return found;
      found.length = 0;
    }
    let names: string[] | undefined;
    try {
      names = this.#names(directory);
    } catch (failure) {
      if (hasErrno(failure, 'EACCES', 'EPERM')) return 'unreadable';
      throw failure;
    }
    if (names === undefined) return undefined;
    for (const name of names) this.#readDescriptor(base, Number(name), found);
    return found.sort((one, other) => one.fd - other.fd);
  }

  /** @returns false where there is no such descriptor */
  #readDescriptor(base: number, fd: number, found: NamespaceDescriptor[]): boolean {
    this.#path.write(`${fd}\0`, base, 'latin1');
    const length = readlinkInto(this.#path, this.#link);
    if (length < 0) return false;
    // `net:[4026531840]`: no path looks so, those begin with a slash.
    const colon = this.#link.indexOf(0x3a);
    if (colon <= 0 || colon > 8 || colon >= length || this.#link[colon + 1] !== 0x5b) return true;
    const type = typeOfLink(this.#link.toString('latin1', 0, colon));
    if (type !== undefined) found.push({ ino: parseLink(this.#link, length), type, fd });
    return true;
  }

  /** Namespaces that are bind-mounted where a process sees them. @returns undefined where it is gone or we may not look */
  mounts(pid: number): NamespaceMount[] | undefined {
    this.#setPath(`${this.#root}/${pid}`, '/mountinfo\0');
    const parts: Buffer[] = [];
    if (readListInto(this.#path, this.#text, (piece) => void parts.push(Buffer.from(piece))) < 0) return undefined;
    return parseNamespaceMounts(Buffer.concat(parts));
  }

  #names(directory: string): string[] | undefined {
    try {
      return readdirSync(directory);
    } catch (failure) {
      if (hasErrno(failure, 'ENOENT', 'ESRCH')) return undefined;
      throw failure;
    }
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

  /** -1: no such link; 0: not to be read. @param main read for a thread: what cannot differ is taken from its process */
  #readLinks(directory: string, main: NamespaceSet | undefined): number[] {
    const base = this.#path.write(directory, 0, 'latin1');
    const found: number[] = [];
    for (let index = 0; index < linkNames.length; index += 1) {
      if (main !== undefined && isOfThread[index] === false) {
        found.push(main[index] as number);
        continue;
      }
      this.#path.write(linkNames[index] as string, base, 'latin1');
      const length = readlinkInto(this.#path, this.#link);
      found.push(length > 0 ? parseLink(this.#link, length) : gone.has(length) ? -1 : 0);
    }
    return found;
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
