import type { LabKind } from '@bulkhead/model';
import { runAccount } from './account.ts';
import type { Experiment } from './experiment.ts';
import { runFreeze } from './freeze.ts';
import { runIo } from './io.ts';
import { runMemory } from './memory.ts';
import { runPids } from './pids.ts';
import { runQuota } from './quota.ts';
import { runShares } from './shares.ts';

export const experiments: Readonly<Record<LabKind, Experiment>> = {
  shares: runShares,
  quota: runQuota,
  memory: runMemory,
  pids: runPids,
  io: runIo,
  freeze: runFreeze,
  account: runAccount,
};
