/** vitest's reporter in a guest: each result goes out of the guest at once. The file is named by BULKHEAD_TEST_REPORT. */
import { appendFileSync } from 'node:fs';
import type { Reporter, SerializedError, TestCase, TestModule, TestSuite } from 'vitest/node';
import type { ReportLine } from './guest-report.ts';

const file = process.env.BULKHEAD_TEST_REPORT ?? '';

/** Message, the frames that are ours, and the difference. */
function textOf(error: SerializedError): string {
  const stack = (error.stack ?? error.message).split('\n').filter((line) => !line.includes('/node_modules/'));
  return [...stack, ...(typeof error.diff === 'string' ? [error.diff] : [])].join('\n');
}

function titlesOf(test: TestCase): string[] {
  const titles = [test.name];
  for (let parent: TestSuite | TestModule = test.parent; parent.type === 'suite'; parent = parent.parent) titles.unshift(parent.name);
  return titles;
}

export default class GuestReporter implements Reporter {
  #write(line: ReportLine): void {
    appendFileSync(file, `${JSON.stringify(line)}\n`);
  }

  onTestCaseResult(test: TestCase): void {
    const { state, errors } = test.result();
    if (state === 'pending') return;
    this.#write({
      type: 'test',
      file: test.module.relativeModuleId,
      titles: titlesOf(test),
      state,
      durationMsec: Math.round(test.diagnostic()?.duration ?? 0),
      errors: (errors ?? []).map(textOf),
    });
  }

  onTestSuiteResult(suite: TestSuite): void {
    for (const error of suite.errors())
      this.#write({ type: 'trouble', where: `${suite.module.relativeModuleId} > ${suite.fullName}`, error: textOf(error) });
  }

  onTestModuleEnd(module: TestModule): void {
    for (const error of module.errors()) this.#write({ type: 'trouble', where: module.relativeModuleId, error: textOf(error) });
  }

  onTestRunEnd(_modules: readonly TestModule[], unhandled: readonly SerializedError[], reason: string): void {
    for (const error of unhandled) this.#write({ type: 'trouble', where: 'outside of all tests', error: textOf(error) });
    this.#write({ type: 'end', reason });
  }
}
