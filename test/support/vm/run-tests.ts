import { dirname, join } from 'node:path';
import { prepareBootFiles } from './boot-files.ts';
import { prepareDebianRoot } from './debian-root.ts';
import { readLeft, startGuest } from './guest.ts';
import { type GuestReport, parseReport, reportFile } from './guest-report.ts';
import { prepareProgram } from './published-program.ts';

const root = join(import.meta.dirname, '../../..');

/** What runs in a guest, and where. */
export interface GuestPlan {
  name: string;
  /**
   * `bare`: this machine's files, read-only with memory over them; the tests are the only thing that runs.
   * `systemd`: a small Debian of its own, whose PID 1 is systemd.
   */
  system: 'bare' | 'systemd';
  /** vitest's project that the files belong to. */
  project: 'integration' | 'guest';
  /** Paths from the repository's root. */
  files: readonly string[];
  timeoutSeconds: number;
}

export interface GuestRun extends GuestReport {
  /** The guest came to its end by itself, in time. */
  isOver: boolean;
  console: string;
}

const shellWord = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * Files share one process and what it has loaded (`--no-isolate`): loading it for each takes as long as the tests. Runs
 * the tests with this very program at its own path. Its output goes through a FIFO, since vitest writes otherwise to
 * a terminal; nobody waits for the end of that, for what a failed test left running may hold it open.
 */
const runTests = ({ project, files }: GuestPlan): string => `
export PATH=${shellWord(`${dirname(process.execPath)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`)}
export HOME=/root LANG=C.UTF-8 TERM=dumb NO_COLOR=1
export NODE_COMPILE_CACHE=${shellWord(process.env.NODE_COMPILE_CACHE ?? join(root, '.bootstrap/compile-cache'))}
export BULKHEAD_TEST_REPORT=/run/vm/${reportFile} BULKHEAD_TEST_EMULATED=1
mkfifo /run/vm-output
cat </run/vm-output &
cd ${shellWord(root)}
node node_modules/vitest/vitest.mjs run --project=${project} --no-isolate \\
  --reporter=verbose --reporter=${shellWord(join(import.meta.dirname, 'guest-reporter.ts'))} \\
  ${files.map(shellWord).join(' ')} </dev/null >/run/vm-output 2>&1
sleep 1
`;

/** The script is PID 1: a waiting shell reaps what tests leave orphaned. Its last act ends the machine. */
const asFirstProgram = (script: string): string => `
mount -o remount,mode=0755 /run
ip link set lo up
hostname bulkhead-vm
${script}
sync
echo b >/proc/sysrq-trigger
sleep 60
`;

function every(msec: number, action: () => void): Disposable {
  const timer = setInterval(action, msec);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Boots Debian's kernel and runs tests in there. */
export async function runTestsInGuest(plan: GuestPlan): Promise<GuestRun> {
  const script = runTests(plan);
  const { name, timeoutSeconds } = plan;
  const options =
    plan.system === 'bare'
      ? { root: { kind: 'host' as const }, files: { main: asFirstProgram(script) } }
      : {
          root: { kind: 'disk' as const, image: prepareDebianRoot() },
          files: { main: `export BULKHEAD_TEST_PROGRAMS=${shellWord(prepareProgram(root))}\n${script}` },
        };
  await using guest = startGuest({ name, boot: prepareBootFiles(), timeoutSeconds, ...options });
  const begin = performance.now();
  // vitest shows nothing while tests are collected, which is when guests run.
  using _progress = every(20_000, () => {
    const { tests } = parseReport(readLeft(guest, reportFile) ?? '');
    const failed = tests.filter(({ state }) => state === 'failed').length;
    const seconds = Math.round((performance.now() - begin) / 1000);
    process.stderr.write(`guest ${name}: ${seconds} s, ${tests.length} tests done${failed > 0 ? `, ${failed} failed` : ''}\n`);
  });
  const { isOver, console } = await guest.ended;
  return { ...parseReport(readLeft(guest, reportFile) ?? ''), isOver, console };
}
