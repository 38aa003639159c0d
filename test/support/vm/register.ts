import { describe, expect, test } from 'vitest';
import { findMissing } from '../needs.ts';
import { guestNeeds } from './needs.ts';
import { type GuestPlan, type GuestRun, runTestsInGuest } from './run-tests.ts';

/** Makes each result of a guest a result of this run: what failed in there fails here, under the same titles. */
function registerResults(run: GuestRun, files: readonly string[]): void {
  const results = Map.groupBy(run.tests, ({ file }) => file);
  for (const [file, tests] of results) {
    describe(file, () => {
      for (const { titles, state, errors } of tests) {
        const title = titles.join(' > ');
        // It passed at another try: why it failed before is worth a look.
        if (state === 'passed' && errors.length > 0) process.stderr.write(`guest: ${title} failed at first: ${errors.join('\n')}\n`);
        if (state === 'skipped') test.skip(title, () => {});
        else
          test(title, () => {
            if (state === 'failed') throw new Error(errors.join('\n') || 'it failed in the guest and did not say why');
          });
      }
    });
  }
  test('the guest ran every file to its end, and nothing failed outside of the tests', () => {
    expect(run.troubles.map(({ where, error }) => `${where}: ${error}`)).toEqual([]);
    const console = run.console.slice(-4000);
    expect({ isOver: run.isOver, end: run.end }, console).toEqual({ isOver: true, end: expect.stringMatching(/^(?:passed|failed)$/) });
    expect([...results.keys()].sort(), console).toEqual([...files].sort());
  });
}

/**
 * Runs files of tests in a guest and registers what came of each test. vitest wants to know tests before it runs any, so
 * this is awaited at the top of a file: the guest runs while tests are collected.
 */
export async function describeGuestTests(plan: GuestPlan): Promise<void> {
  const missing = findMissing(guestNeeds);
  if (missing.length > 0) describe.skip(`guest ${plan.name} (needs ${missing.join(', ')})`, () => test('runs tests', () => {}));
  else registerResults(await runTestsInGuest(plan), plan.files);
}
