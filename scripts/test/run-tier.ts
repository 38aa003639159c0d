import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface TierResult {
  passed: number;
  failed: number;
  skipped: number;
}

/** The part of vitest's JSON report that is counted. */
interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  numFailedTestSuites: number;
  success: boolean;
}

/** Counts of one report. A file that failed before its tests, or an error outside of all tests, is a failure too. */
export function countReport(report: Report, exitCode: number): TierResult {
  const failed = report.numFailedTests;
  const failedElsewhere = failed === 0 && (exitCode !== 0 || !report.success) ? Math.max(1, report.numFailedTestSuites) : 0;
  return {
    passed: report.numPassedTests,
    failed: failed + failedElsewhere,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/**
 * Runs one tier.
 *
 * @param output `streamed` as it comes, or written when the tier is over, where another one runs at the same time
 */
export async function runTier(
  root: string,
  tier: string,
  filters: readonly string[],
  output: 'streamed' | 'at the end' = 'streamed',
): Promise<TierResult> {
  const directory = mkdtempSync(join(tmpdir(), 'bulkhead-test-'));
  const reportFile = join(directory, 'report.json');
  try {
    const exitCode = await new Promise<number>((resolve) => {
      const child = spawn(
        process.execPath,
        [
          join(root, 'node_modules/vitest/vitest.mjs'),
          'run',
          `--project=${tier}`,
          '--reporter=default',
          '--reporter=json',
          `--outputFile.json=${reportFile}`,
          ...filters,
        ],
        {
          cwd: root,
          stdio: output === 'streamed' ? 'inherit' : ['ignore', 'pipe', 'pipe'],
          env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH ?? '/usr/bin:/bin'}` },
        },
      );
      const written: Buffer[] = [];
      for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => written.push(chunk));
      child.once('close', (code) => {
        if (output === 'at the end') process.stdout.write(Buffer.concat([Buffer.from(`\n== ${tier}\n`), ...written]));
        resolve(code ?? 1);
      });
    });
    let report: Report;
    try {
      report = JSON.parse(readFileSync(reportFile, 'utf8')) as Report;
    } catch {
      return { passed: 0, failed: exitCode === 0 ? 0 : 1, skipped: 0 };
    }
    return countReport(report, exitCode);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
