import { dirname, join } from 'node:path';
import { prepareBootFiles } from './boot-files.ts';
import { readLeft, startGuest } from './guest.ts';
import { type GuestReport, parseReport, reportFile } from './guest-report.ts';

const root = join(import.meta.dirname, '../../..');

export interface GuestRun extends GuestReport {
  /** What was to be run, paths from the repository's root. */
  files: readonly string[];
  /** The guest came to its end by itself, in time. */
  isOver: boolean;
  console: string;
}

const shellWord = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * PID 1 of a guest on this machine's files. It runs the tests with this program at this path, reaps what they leave
 * orphaned (a waiting shell does), and ends the machine.
 */
const mainScript = (files: readonly string[], cacheDirectory: string): string => `
export PATH=${shellWord(`${dirname(process.execPath)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`)}
export HOME=/root LANG=C.UTF-8 TERM=dumb NO_COLOR=1
export NODE_COMPILE_CACHE=${shellWord(cacheDirectory)}
export BULKHEAD_TEST_REPORT=/run/vm/${reportFile} BULKHEAD_TEST_EMULATED=1
mount -o remount,mode=0755 /run
ip link set lo up
hostname bulkhead-vm
cd ${shellWord(root)}
node node_modules/vitest/vitest.mjs run --project=integration \\
  --reporter=verbose --reporter=${shellWord(join(import.meta.dirname, 'guest-reporter.ts'))} \\
  ${files.map(shellWord).join(' ')} </dev/null 2>&1 | cat
sync
echo b >/proc/sysrq-trigger
sleep 60
`;

/** Boots Debian's kernel and runs integration files in there. */
export async function runTestsInGuest(files: readonly string[], options: { name: string; timeoutSeconds: number }): Promise<GuestRun> {
  const main = mainScript(files, process.env.NODE_COMPILE_CACHE ?? join(root, '.bootstrap/compile-cache'));
  await using guest = startGuest({ boot: await prepareBootFiles(), root: { kind: 'host' }, files: { main }, ...options });
  const { isOver, console } = await guest.ended;
  return { files, ...parseReport(readLeft(guest, reportFile) ?? ''), isOver, console };
}
