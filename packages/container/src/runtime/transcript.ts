import type { Recorder } from '@bulkhead/kernel';
import type { Transcript, TranscriptStep } from '@bulkhead/model';
import { decodeSteps, encodeSteps, type Step } from '../launcher/protocol.ts';

const quote = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** Splits operands as the kernel package shows them: quoted texts, or bare words. */
function operands(args: string): string[] {
  return [...args.matchAll(/"((?:[^"\\]|\\.)*)"|([^,\s][^,]*)/g)].map((match) =>
    match[1] === undefined ? (match[2] ?? '').trim() : (JSON.parse(`"${match[1]}"`) as string),
  );
}

/** A path below a directory descriptor; the fresh root is `$root`, as in `root=$(mktemp -d)`. */
function place(directory: string, path: string): string {
  const base = directory === '-100' ? '' : directory.replace(/^mount:tmpfs/, '$root');
  const joined = path === '' ? base : base === '' || path.startsWith('/') ? path : `${base}/${path}`;
  return joined.startsWith('$root') ? `"${joined}"` : quote(joined);
}

const unshareFlags: readonly (readonly [bigint, string])[] = [
  [0x20000n, '--mount'],
  [0x2000000n, '--cgroup'],
  [0x4000000n, '--uts'],
  [0x8000000n, '--ipc'],
  [0x10000000n, '--user'],
  [0x20000000n, '--pid --fork'],
  [0x40000000n, '--net'],
  [0x80n, '--time'],
];

function unshareCommand(flags: string): string {
  const mask = BigInt(flags);
  return ['unshare', ...unshareFlags.filter(([bit]) => (mask & bit) !== 0n).map(([, name]) => name)].join(' ');
}

/**
 * The shell commands that would do the same, in order, read off the calls themselves: a person can follow them by hand
 * (mount(8), unshare(1), ip(8), setpriv(1)). Calls that only look or prepare have none.
 */
export function commandsFor(steps: readonly TranscriptStep[]): string[] {
  const commands: string[] = [];
  /** What a detached mount would be called on mount(8)'s command line, by its label. */
  const detached = new Map<string, string>();
  const options = new Map<string, string[]>();
  const dropped: string[] = [];
  for (const step of steps) {
    if (step.error !== undefined) continue;
    const [first = '', second = '', third = '', fourth = ''] = operands(step.args);
    switch (step.syscall) {
      case 'mkdirat':
        commands.push(`mkdir ${third === '' ? '' : `-m ${Number(third).toString(8)} `}${place(first, second)}`);
        break;
      case 'fchownat':
        commands.push(`chown -h ${third}:${fourth} ${place(first, second)}`);
        break;
      case 'fchmodat':
        commands.push(`chmod ${Number(third).toString(8)} ${place(first, second)}`);
        break;
      case 'mkfifoat':
        commands.push(`mkfifo ${place(first, second)}`);
        break;
      case 'symlinkat':
        commands.push(`ln -s ${quote(first)} ${place(second, third)}`);
        break;
      case 'unlinkat':
        commands.push(third === '512' ? `rmdir ${place(first, second)}` : `rm ${place(first, second)}`);
        break;
      case 'write':
        commands.push(`printf %s ${quote(second)} > ${place(first, '')}`);
        break;
      case 'clone3':
      case 'unshare': {
        const command = unshareCommand(first);
        if (command !== 'unshare') commands.push(command);
        break;
      }
      case 'sethostname':
        commands.push(`hostname ${quote(first)}`);
        break;
      case 'ioctl':
        if (second.startsWith('SIOCSIFFLAGS')) commands.push('ip link set lo up');
        break;
      case 'mount':
        if (third === 'none') commands.push(`mount --make-rprivate ${quote(second)}`);
        break;
      case 'fsopen':
        options.set(first, []);
        break;
      case 'fsconfig':
        if (second !== 'FSCONFIG_CMD_CREATE') options.get(first.slice(3))?.push(third === '' ? second : `${second}=${third}`);
        break;
      case 'fsmount': {
        const type = first.slice(3);
        const own = options.get(type) ?? [];
        detached.set(`mount:${type}`, `mount -t ${type}${own.length > 0 ? ` -o ${own.join(',')}` : ''} ${type}`);
        break;
      }
      case 'open_tree':
        detached.set(`tree:${second}`, `mount --rbind ${place(first, second)}`);
        break;
      case 'mount_setattr':
        if (detached.has(first)) detached.set(first, (detached.get(first) as string).replace('--rbind', '-o ro --rbind'));
        break;
      case 'move_mount':
        commands.push(`${detached.get(first) ?? `mount --move ${quote(first)}`} ${third === '/run' ? '"$root"' : place(second, third)}`);
        break;
      case 'pivot_root':
        commands.push('cd "$root" && pivot_root . .');
        break;
      case 'umount2':
        commands.push(`umount -l ${quote(first)}`);
        break;
      case 'prctl':
        if (first === 'PR_CAPBSET_DROP') dropped.push(`-${second.replace('CAP_', '').toLowerCase()}`);
        if (first === 'PR_SET_NO_NEW_PRIVS') commands.push(`setpriv --no-new-privs --inh-caps=-all --bounding-set=${dropped.join(',')}`);
        break;
      case 'pidfd_send_signal':
        commands.push(`kill -${second} ${first.replace('pidfd:', '')}`);
        break;
      case 'setns':
        commands.push(`nsenter --all --target ${first.replace('pidfd:', '')}`);
        break;
    }
  }
  return commands;
}

/** Folds runs of equal calls into one, so that a transcript can be read. */
function fold(steps: readonly TranscriptStep[]): TranscriptStep[] {
  const folded: TranscriptStep[] = [];
  for (const step of steps) {
    const last = folded.at(-1);
    if (
      last !== undefined &&
      last.actor === step.actor &&
      last.syscall === step.syscall &&
      last.args === step.args &&
      last.error === step.error
    ) {
      last.repeated = (last.repeated ?? 1) + 1;
      last.durationNsec += step.durationNsec;
    } else {
      folded.push({ ...step });
    }
  }
  return folded;
}

/** A transcript as it came: steps are text until somebody looks, for nobody looks at most of them. */
export interface KeptTranscript {
  /** As encodeSteps makes them. */
  steps: string[];
  durationNsec: number;
  dropped: number;
}

/** Makes a kept transcript readable: decoded, equal steps in a row folded, with the commands that would do the same. */
export function readTranscript({ steps, durationNsec, dropped }: KeptTranscript): Transcript {
  const decoded = decodeSteps(steps);
  return { steps: fold(decoded), commands: commandsFor(decoded), durationNsec, dropped };
}

/** What one action did; read at most once. */
export class RecordedTranscript {
  readonly kept: KeptTranscript;
  #read: Transcript | undefined;

  constructor(kept: KeptTranscript) {
    this.kept = kept;
  }

  read(): Transcript {
    this.#read ??= readTranscript(this.kept);
    return this.#read;
  }
}

/** Collects what the agent, the launcher and the child did for one action. */
export class TranscriptBuilder {
  readonly #steps: string[] = [];
  readonly #begin = process.hrtime.bigint();
  #dropped = 0;

  addRecorded(recorder: Recorder): void {
    if (recorder.steps.length > 0) this.#steps.push(encodeSteps('agent', recorder.steps));
    this.#dropped += recorder.dropped;
  }

  /** Steps of the launcher and its children, as they came. */
  addEncoded(steps: readonly string[]): void {
    this.#steps.push(...steps);
  }

  /** One step that the child could not tell of any more. */
  addLast(step: Omit<Step, 'actor'>): void {
    this.#steps.push(encodeSteps('child', [step]));
  }

  finish(): RecordedTranscript {
    return new RecordedTranscript({
      steps: this.#steps,
      durationNsec: Number(process.hrtime.bigint() - this.#begin),
      dropped: this.#dropped,
    });
  }
}
