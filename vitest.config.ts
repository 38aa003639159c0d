import { defineConfig } from 'vitest/config';
import { boundMsec, isEmulated } from './test/support/emulation.ts';

/** Tiers that touch the host run one file after another: they make control groups, mounts and users. */
const serial = {
  fileParallelism: false,
  testTimeout: isEmulated ? 240_000 : 60_000,
  hookTimeout: isEmulated ? 240_000 : 120_000,
  expect: { poll: { timeout: boundMsec(1000) } },
};

export default defineConfig({
  test: {
    passWithNoTests: true,
    // Some files take time to import (Prisma, Next) on a machine that does other things too.
    testTimeout: 20_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['packages/*/**/*.test.{ts,tsx}', 'apps/*/**/*.test.{ts,tsx}', 'scripts/**/*.test.ts', 'test/support/**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/dist/**', '**/.next/**'],
        },
      },
      {
        extends: true,
        test: { name: 'integration', include: ['test/integration/**/*.test.ts'], exclude: ['**/*.minutes.test.ts'], ...serial },
      },
      // They wait for minutes of the clock to pass.
      { extends: true, test: { name: 'minutes', include: ['test/integration/**/*.minutes.test.ts'], ...serial } },
      { extends: true, test: { name: 'conformance', include: ['test/conformance/**/*.test.ts'], ...serial } },
      // Each file boots guests of its own, which share nothing with this machine: two at a time.
      { extends: true, test: { name: 'vm', include: ['test/vm/*.test.ts'], globalSetup: 'test/support/vm/prepare.ts', maxWorkers: 2 } },
      // Run by the tier vm, inside its guests.
      { extends: true, test: { name: 'guest', include: ['test/vm/guest/**/*.test.ts'], ...serial } },
      { extends: true, test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], ...serial, testTimeout: 120_000, hookTimeout: 300_000 } },
    ],
  },
});
