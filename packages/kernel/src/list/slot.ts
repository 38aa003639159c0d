import { CLONE_CLEAR_SIGHAND, CLONE_INTO_CGROUP, CLONE_PIDFD, MAP_SHARED, SIGCHLD } from '../constants.ts';
import { SyscallError } from '../error.ts';
import { adopt, type Fd, numberOf } from '../fd.ts';
import { layouts } from '../layout.ts';
import { recordStep } from '../library.ts';
import { blockSignals } from '../process.ts';
import { headBytes, slotHead } from './format.ts';
import { Interpreter } from './interpreter.ts';
import { type Mapping, mapAnonymous, pageBytes, unmap } from './memory.ts';

/** Large enough for all but the longest environments; only what is touched takes memory. */
const usualBytes = 128 * 1024;
/** More than execve(2) would take in any case: its strings have at most 6 MiB. */
const mostBytes = 8 * 1024 * 1024;
/** Slots of the usual size that are kept for the next children. */
const keptSlots = 8;

const free: Mapping[] = [];
let interpreter: Interpreter | undefined;

const twoTo32 = 0x1_0000_0000;

/** Memory that one child shares with its launcher: its list, and what came of each call. Owned: given back by dispose. */
export class Slot implements Disposable {
  #mapping: Mapping | undefined;
  #words: Int32Array;
  #used = headBytes;

  /** @param least bytes that the lists will need. @throws SyscallError E2BIG, as execve(2) would, where no program could take so much */
  constructor(least = 0) {
    if (least > mostBytes) throw new SyscallError('execve', 7, `${least} bytes`);
    const size = least <= usualBytes ? usualBytes : Math.ceil(least / pageBytes) * pageBytes;
    this.#mapping = (size === usualBytes ? free.pop() : undefined) ?? mapAnonymous(size, MAP_SHARED);
    const { bytes } = this.#mapping;
    this.#words = new Int32Array(bytes.buffer, bytes.byteOffset, size / 4);
  }

  get #memory(): Mapping {
    if (this.#mapping === undefined) throw new Error('the slot was given back');
    return this.#mapping;
  }

  get address(): number {
    return this.#memory.address;
  }

  /** Where the next list goes. */
  get next(): number {
    return (this.#used + 7) & ~7;
  }

  /** Whether so many bytes more have room. */
  hasRoom(bytes: number): boolean {
    return this.next + bytes <= this.#memory.size;
  }

  /** Copies bytes to where the list was compiled for. */
  lay(bytes: Uint8Array, offset: number): void {
    this.#memory.bytes.set(bytes, offset);
    this.#used = Math.max(this.#used, offset + bytes.length);
  }

  /** Writes a 64-bit word. */
  put(offset: number, value: number): void {
    const at = offset >> 2;
    this.#words[at] = value | 0;
    this.#words[at + 1] = Math.floor(value / twoTo32);
  }

  /** Writes the number of a descriptor, 32 bits. */
  putFd(offset: number, fd: Fd): void {
    this.#words[offset >> 2] = numberOf(fd);
  }

  /** Reads a 64-bit word, signed. */
  take(offset: number): number {
    const at = offset >> 2;
    return (this.#words[at] as number) + ((this.#words[at] as number) < 0 ? twoTo32 : 0) + (this.#words[at + 1] as number) * twoTo32;
  }

  /**
   * clone3(2) without CLONE_VM: like fork(2), but of this process's memory the child has the slot alone. It runs the list
   * that begins at `first`, never JavaScript, and ends in execve(2) or exit_group(2). Signals stay blocked in it, handlers
   * are gone.
   *
   * @param first offset of the first record
   * @param onFailure offset of the record to go on at when one fails; absent: it ends with code 125
   * @param cgroup a v2 cgroup directory to be born in (CLONE_INTO_CGROUP)
   */
  launch(first: number, onFailure: number | undefined, flags: bigint, cgroup?: Fd): { pid: number; pidfd: Fd } {
    const { address } = this.#memory;
    const allFlags = flags | CLONE_PIDFD | CLONE_CLEAR_SIGHAND | (cgroup === undefined ? 0n : CLONE_INTO_CGROUP);
    this.put(slotHead.first, address + first);
    this.put(slotHead.onFailure, onFailure === undefined ? 0 : address + onFailure);
    this.put(slotHead.failedRecord, 0);
    const { fields } = layouts.cloneArgs;
    this.#memory.bytes.fill(0, slotHead.cloneArgs, slotHead.cloneArgs + layouts.cloneArgs.size);
    this.put(slotHead.cloneArgs + fields.flags[0], Number(allFlags));
    this.put(slotHead.cloneArgs + fields.pidfd[0], address + slotHead.pidfd);
    this.put(slotHead.cloneArgs + fields.exit_signal[0], SIGCHLD);
    this.put(slotHead.cloneArgs + fields.cgroup[0], cgroup === undefined ? 0 : numberOf(cgroup));
    interpreter ??= new Interpreter();
    const signals = blockSignals();
    const begin = process.hrtime.bigint();
    const pid = interpreter.launch(this.#memory);
    const durationNsec = Number(process.hrtime.bigint() - begin);
    signals.restore();
    recordStep('clone3', [allFlags], pid, durationNsec);
    return { pid, pidfd: adopt(this.take(slotHead.pidfd) % twoTo32, `pidfd:${pid}`) };
  }

  /** What was in it is gone. Only once its child has become its program, or has ended. */
  [Symbol.dispose](): void {
    const mapping = this.#mapping;
    if (mapping === undefined) return;
    this.#mapping = undefined;
    this.#words = new Int32Array(0);
    if (mapping.size !== usualBytes || free.length >= keptSlots) {
      unmap(mapping);
      return;
    }
    mapping.bytes.fill(0, 0, this.#used);
    free.push(mapping);
  }
}
