import { detectCgroups } from '@bulkhead/cgroup';
import { cgroupRoot } from '@bulkhead/model';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { startTestInstance, type TestInstance } from '../support/launcher.ts';
import { AgentProcess } from './agent-process.ts';

/** One instance for the tests of a block, and for each of them an agent that was started for it; nothing of either is left. */
export function withAgentForEach(use: (made: { instance: TestInstance; agent: AgentProcess }) => void): void {
  let instance: TestInstance;
  let agent: AgentProcess;
  beforeAll(async () => {
    instance = await startTestInstance();
  });
  beforeEach(async () => {
    agent = new AgentProcess(instance);
    use({ instance, agent });
    await agent.start();
  });
  afterEach(async () => {
    await agent[Symbol.asyncDispose]();
  });
  afterAll(async () => {
    await detectCgroups().remove(cgroupRoot(instance.instance));
    await instance?.[Symbol.asyncDispose]();
  });
}
