import koffi from 'koffi';
import { arch } from './arch.ts';
import { BPF_PROG_LOAD } from './constants.ts';
import { declare } from './library.ts';

const cBpf = declare<(n: number, command: number, attr: Buffer, size: number) => number>('syscall', 'long', [
  'long',
  'long',
  'void *',
  'long',
]);

/** bpf(2) with the bytes of a union bpf_attr: what the command answers, or -1 with errno set. */
export const callBpf = (command: number, attr: Buffer): number => cBpf(arch.syscalls.bpf, command, attr, attr.length);

/** As many as libbpf makes. */
const maxTries = 5;

/** BPF_PROG_LOAD. The verifier gives up with EAGAIN where a signal comes, and is asked again. */
export function callProgLoad(attr: Buffer): number {
  for (let tries = 1; ; tries += 1) {
    const number = callBpf(BPF_PROG_LOAD, attr);
    if (number >= 0 || tries === maxTries || koffi.errno() !== koffi.os.errno.EAGAIN) return number;
  }
}
