import type { LabCheck, LabKind, LabPhase, LabSeries, LabStep, LabUnit, LabUse } from '@bulkhead/model';
import { signalNumbers } from '@bulkhead/model';
import { formatBytes } from '../../output/quantity.ts';
import { toVisible } from '../../output/table.ts';

/** What each lab shows, in one line. */
export const summaries: Record<LabKind, string> = {
  shares: 'two busy loops on one CPU, in groups of 200 and 800 shares: 20 to 80',
  quota: 'a busy loop that may have half a CPU, then a fifth',
  memory: 'a program that takes more and more memory, against 32 MiB',
  pids: 'a fork bomb against 20 tasks',
  io: 'reading a disk past the cache, freely, then 4 MiB a second',
  freeze: 'a program that stands still for some seconds without knowing it',
  account: 'CPU time of two programs and of both together, to the microsecond',
};

export const uses: Record<LabUse, string> = { limit: 'limit', prioritise: 'prioritise', account: 'account', control: 'control' };

export const seriesNames: Record<LabSeries['key'], string> = {
  less: '200 shares',
  more: '800 shares',
  used: 'used',
  quota: 'quota',
  limit: 'limit',
  tasks: 'tasks',
  refused: 'forks refused',
  read: 'read',
  first: 'first',
  second: 'second',
  sum: 'group above',
};

const phases: Record<LabPhase, string> = {
  together: 'both want the CPU',
  free: 'nothing holds it back',
  limited: 'the limit is in force',
  'first-quota': 'half a CPU',
  'second-quota': 'a fifth of a CPU',
  growing: 'it takes more and more',
  forking: 'it forks and forks',
  frozen: 'it stands still',
  thawed: 'it goes on',
  working: 'both work',
};

const checkNames: Record<LabCheck['key'], string> = {
  'less-share': 'share of the group with 200 shares',
  'owed-share': 'the same, against what the weights in force owe it',
  'first-quota': 'CPU time under the first quota',
  'second-quota': 'CPU time under the second quota',
  'throttled-periods': 'periods in which it was throttled',
  'memory-peak': 'most memory it ever held',
  'oom-kills': 'OOM kills counted in its group',
  'end-signal': 'signal that ended it',
  'most-tasks': 'most tasks at once',
  'refused-forks': 'forks the kernel refused',
  witness: 'exit code of a program started beside it meanwhile',
  'free-rate': 'read without a limit',
  'limited-rate': 'read under the limit',
  'frozen-cpu': 'CPU time while it was frozen',
  'thawed-cpu': 'CPU time once it was thawed',
  'first-work': 'CPU time of the first program',
  'second-work': 'CPU time of the second program',
  'sum-difference': 'what the group above counted, less both',
};

const signalName = (number: number): string => Object.entries(signalNumbers).find(([, value]) => value === number)?.[0] ?? String(number);

/** A value with its unit. */
export function formatValue(unit: LabUnit, value: number): string {
  switch (unit) {
    case 'percent':
      return `${value.toFixed(2)} %`;
    case 'cpuMillis':
      return `${(value / 1000).toFixed(3)} CPUs`;
    case 'usec':
      return `${(value / 1e6).toFixed(6)} s`;
    case 'bytes':
      return formatBytes(Math.round(value));
    case 'bytesPerSecond':
      return `${formatBytes(Math.round(value))}/s`;
    case 'count':
    case 'exitCode':
      return String(value);
    case 'signal':
      return `SIG${signalName(value)}`;
  }
}

/** `20.00 % ± 2.00 %`, `at most 20`. */
function formatExpectation({ unit, is, expected, tolerance }: LabCheck): string {
  const value = formatValue(unit, expected);
  if (is === 'at-least') return `at least ${value}`;
  if (is === 'at-most') return `at most ${value}`;
  return tolerance === 0 ? value : `${value} ± ${unit === 'percent' ? `${tolerance} points` : formatValue(unit, tolerance)}`;
}

/** Name, what was expected, what was measured: a row of the verdict. */
export const checkRow = (check: LabCheck): string[] => [
  check.passed ? 'passed' : 'FAILED',
  checkNames[check.key],
  formatExpectation(check),
  check.measured === undefined ? 'not measured' : formatValue(check.unit, check.measured),
];

const seconds = (atMsec: number): string => `${(atMsec / 1000).toFixed(2).padStart(6)} s`;

const shellWord = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** What was done, and when: a line of the log. */
export function stepLine(step: LabStep): string {
  const what = (): string => {
    switch (step.type) {
      case 'created':
        return `made ${step.container} in ${step.cgroupPath}: ${toVisible(step.args.map(shellWord).join(' ').replaceAll('\n', '; '))}`;
      case 'write':
        return `# ${toVisible(step.command)}`;
      case 'started':
        return `started ${step.container}`;
      case 'phase':
        return `-- ${phases[step.phase]}`;
      case 'exited': {
        const { exitStatus } = step;
        const how =
          exitStatus.kind === 'exited'
            ? `with exit code ${exitStatus.code}`
            : exitStatus.kind === 'signaled'
              ? `by SIG${signalName(exitStatus.signal)}`
              : `somehow: ${exitStatus.reason}`;
        return `${step.container} ended ${how}${step.oomKilled === true ? ', by the OOM killer' : ''}`;
      }
      case 'removed':
        return `removed ${step.container}`;
    }
  };
  return `${seconds(step.atMsec)}  ${what()}`;
}
