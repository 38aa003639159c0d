/**
 * The agent, which dies by SIGKILL when it comes to a fail point for the so many-th time: `dying-agent.ts POINT TIMES`,
 * with BULKHEAD_CONFIG as the agent itself has it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { detectCgroups } from '@bulkhead/cgroup';
import { createContainerRuntime } from '@bulkhead/container';
import { ServiceConfig } from '@bulkhead/model';
import { readBootId } from '@bulkhead/namespace';
import { startAgent } from '../../apps/agent/src/agent.ts';
import { readConfigFile } from '../../apps/agent/src/env.ts';
import { createLog } from '../../apps/agent/src/log.ts';

const [point = '', times = ''] = process.argv.slice(2);
let left = Number(times);
function failPoint(reached: string): void {
  if (reached !== point) return;
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
}
await startAgent({
  config: ServiceConfig.parse(JSON.parse(readFileSync(readConfigFile(), 'utf8'))),
  programDirectory: join(import.meta.dirname, '../..'),
  bootId: readBootId(),
  cgroups: detectCgroups(),
  createRuntime: (options) => createContainerRuntime({ ...options, failPoint }),
  failPoint,
  log: createLog(),
});
