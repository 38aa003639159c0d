import { expect, test } from 'vitest';
import { parsePackageList } from './debian-packages.ts';
import { countReport } from './run-tier.ts';

const report = { numPassedTests: 3, numFailedTests: 0, numPendingTests: 1, numTodoTests: 1, numFailedTestSuites: 0, success: true };

test('passed, failed and skipped are counted; todo is a skip', () => {
  expect(countReport(report, 0)).toEqual({ passed: 3, failed: 0, skipped: 2 });
  expect(countReport({ ...report, numFailedTests: 2, success: false }, 1)).toEqual({ passed: 3, failed: 2, skipped: 2 });
});

test('a file that could not even be loaded is a failure, and so is an error outside of all tests', () => {
  expect(countReport({ ...report, numFailedTestSuites: 2, success: false }, 1).failed).toBe(2);
  expect(countReport(report, 1).failed).toBe(1);
});

test('what is to be installed from Debian: neither comments nor what is only unpacked', () => {
  expect(parsePackageList('# head\nstrace   # why\n\nlinux-image-amd64 (unpacked) # a kernel\ncrun # because\n')).toEqual([
    'strace',
    'crun',
  ]);
});
