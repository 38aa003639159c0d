import koffi from 'koffi';
import { SyscallError } from './error.ts';
import { Fd } from './fd.ts';
import { activeRecorder } from './recorder.ts';

export const libc = koffi.load('libc.so.6');

/** What a call was made with, for transcripts and errors. Secrets never come this way. */
export type Operand = string | number | bigint | Fd | Named;

class Named {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** A constant by its name in the header, shown without quotes. */
export const named = (name: string): Operand => new Named(name);

function show(operand: Operand): string {
  if (operand instanceof Named) return operand.name;
  if (operand instanceof Fd) return operand.label;
  if (typeof operand === 'bigint') return `0x${operand.toString(16)}`;
  return typeof operand === 'number' ? String(operand) : JSON.stringify(operand.length > 200 ? `${operand.slice(0, 200)}…` : operand);
}

/** Operands as they stand in transcripts and errors. */
export const showOperands = (operands: readonly Operand[]): string => operands.map(show).join(', ');

/**
 * Makes one call, records it where a recorder is active, and throws a SyscallError where it answers -1. errno is read
 * directly after the call: anything in between might overwrite it.
 */
export function perform(syscall: string, operands: readonly Operand[], call: () => number): number {
  const recorder = activeRecorder();
  if (recorder === undefined) {
    const result = call();
    if (result < 0) throw new SyscallError(syscall, koffi.errno(), showOperands(operands));
    return result;
  }
  const begin = process.hrtime.bigint();
  const result = call();
  const errno = result < 0 ? koffi.errno() : 0;
  const durationNsec = Number(process.hrtime.bigint() - begin);
  const args = showOperands(operands);
  if (result < 0) {
    const failure = new SyscallError(syscall, errno, args);
    recorder.add({ syscall, args, error: failure.code, durationNsec });
    throw failure;
  }
  recorder.add({ syscall, args, durationNsec });
  return result;
}

/**
 * Records a call that was made otherwise, and throws a SyscallError where it failed.
 *
 * @param answer what the kernel answered: a negative errno where it refused
 */
export function recordStep(syscall: string, operands: readonly Operand[], answer: number, durationNsec: number): void {
  const recorder = activeRecorder();
  const failure = answer < 0 ? new SyscallError(syscall, -answer, showOperands(operands)) : undefined;
  recorder?.add({ syscall, args: showOperands(operands), durationNsec, ...(failure === undefined ? {} : { error: failure.code }) });
  if (failure !== undefined) throw failure;
}

/** A C function, or one fixed shape of a variadic one. */
export function declare<F extends (...args: never[]) => unknown>(name: string, result: string, args: readonly string[]): F {
  return libc.func(name, result, [...args]) as unknown as F;
}
