import { detectCgroups } from '@bulkhead/cgroup';
import { cgroupRoot } from '@bulkhead/model';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { isEmulated } from '../support/emulation.ts';
import { startTestInstance, type TestInstance } from '../support/launcher.ts';
import { AgentProcess } from './agent-process.ts';

/**
 * One instance for the tests of a block, and for each of them an agent that was started for it; nothing of either is left.
 * Where a start takes twenty seconds, because it is emulated, one that is left running is taken by the next test.
 */
export function withAgentForEach(use: (made: { instance: TestInstance; agent: AgentProcess }) => void): void {
  let instance: TestInstance;
  let agent: AgentProcess;
  beforeAll(async () => {
    instance = await startTestInstance();
  });
  let left: AgentProcess | undefined;
  beforeEach(async () => {
    agent = left ?? new AgentProcess(instance);
    use({ instance, agent });
    if (left === undefined) await agent.start();
    left = undefined;
  });
  afterEach(async () => {
    if (isEmulated && agent.isRunning) {
      await agent.removeContainers();
      left = agent;
    } else await agent[Symbol.asyncDispose]();
  });
  afterAll(async () => {
    await left?.[Symbol.asyncDispose]();
    await detectCgroups().remove(cgroupRoot(instance.instance));
    await instance?.[Symbol.asyncDispose]();
  });
}
