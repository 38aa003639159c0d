import koffi from 'koffi';
import { MADV_DOFORK, MADV_DONTFORK, MAP_PRIVATE, PROT_EXEC, PROT_READ } from '../constants.ts';
import { libc } from '../library.ts';
import { machineCodes } from './machine-code.ts';
import { advise, type Mapping, mapAnonymous, pageBytes, protect } from './memory.ts';

/** Every address that a process may have: 47 bits on x86-64, 48 on arm64, the first and the last page left out. */
const firstAddress = 0x10000;
const endOfAddresses = process.arch === 'arm64' ? 0xffff_ffff_f000 : 0x7fff_ffff_f000;

type Launch = (slot: number) => number;

/** The interpreter of syscall lists in memory, executable. */
export class Interpreter {
  readonly #code: Mapping;
  readonly #rseq: number | undefined;
  readonly #launch: Launch;

  constructor() {
    const code = machineCodes[process.arch];
    if (code === undefined) throw new Error(`bulkhead runs on x64 and arm64, this is ${process.arch}`);
    this.#code = mapAnonymous(pageBytes, MAP_PRIVATE);
    this.#code.bytes.set(code.bytes);
    protect(this.#code, PROT_READ | PROT_EXEC);
    const routine = (offset: number, prototype: string): unknown =>
      koffi.decode(BigInt(this.#code.address + offset), koffi.proto(prototype));
    this.#launch = routine(0, 'long (uintptr_t)') as Launch;
    this.#rseq = rseqAddress((routine(code.threadPointer, 'uintptr_t ()') as () => number)());
  }

  /**
   * clone3(2) as the slot's head says. A child is born with this code, its slot and nothing else of ours: no page table
   * is copied for it, none is torn down at its execve(2), and its memory is no other process's.
   *
   * @returns pid, or a negative errno
   */
  launch(slot: Mapping): number {
    // Whatever V8 and the C library mapped meanwhile is marked with the rest. What is marked already costs nothing.
    advise(firstAddress, endOfAddresses - firstAddress, MADV_DONTFORK);
    advise(this.#code.address, pageBytes, MADV_DOFORK);
    if (this.#rseq !== undefined) advise(this.#rseq - (this.#rseq % pageBytes), pageBytes, MADV_DOFORK);
    advise(slot.address, slot.size, MADV_DOFORK);
    return this.#launch(slot.address);
  }
}

/**
 * Where the C library has the area of this thread that it registered with rseq(2); undefined where it did not (before
 * glibc 2.35). The kernel writes to it when a task is moved to another CPU, and ends a task that has no such memory.
 */
function rseqAddress(threadPointer: number): number | undefined {
  let symbol: unknown;
  try {
    symbol = libc.symbol('__rseq_offset');
  } catch {
    return undefined;
  }
  return threadPointer + Number(koffi.decode(symbol, 'long'));
}
