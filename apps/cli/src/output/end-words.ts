import { type EndCause, signalName } from '@bulkhead/model';
import { formatBytes } from './quantity.ts';

const upTo = (peakBytes: number | undefined): string =>
  peakBytes === undefined ? 'how much it had used at most is not known' : `it had used up to ${formatBytes(peakBytes)}`;

/** Why a container ended, in a sentence. */
export function describeEnd(cause: EndCause): string {
  switch (cause.kind) {
    case 'memory-limit':
      return `The kernel killed it: it reached its memory limit of ${formatBytes(cause.limitBytes)}; ${upTo(cause.peakBytes)}.`;
    case 'memory-limit-above':
      return `The kernel killed it: ${cause.path}, a cgroup above it, reached its memory limit; ${upTo(cause.peakBytes)}.`;
    case 'memory-host':
      return `The kernel killed it: the host had no memory left; ${upTo(cause.peakBytes)}.`;
    case 'memory-unknown':
      return `The kernel killed it for want of memory; whose limit was reached is not known; ${upTo(cause.peakBytes)}.`;
    case 'after-oom-kill':
      return `It ended with exit code ${cause.code}, after the kernel had killed ${cause.command ?? 'a process'} in it for want of memory.`;
    case 'asked': {
      const { subject, signal, exitStatus } = cause;
      const isKilled = exitStatus.kind === 'signaled' && exitStatus.signal === 9 && signal !== 9;
      return `${subject.name} asked it to end (${signalName(signal)})${isKilled ? '; it did not in time, and was killed (SIGKILL)' : ''}.`;
    }
    case 'signal':
      return `${signalName(cause.signal)} ended it${cause.coreDumped ? ', with a core dump' : ''}; nobody asked for that through Bulkhead.`;
    case 'after-refused-forks':
      return `It ended with exit code ${cause.code}, after its limit of processes had refused ${cause.refusals} new ones.`;
    case 'done':
      return 'It came to its end by itself, with exit code 0.';
    case 'not-found':
      return 'It ended with exit code 127, which stands for a command that was not found.';
    case 'failed':
      return `It ended by itself, with exit code ${cause.code}.`;
    case 'unknown':
      return `How it ended is not known${cause.reason === undefined ? '' : `: ${cause.reason}`}.`;
  }
}
