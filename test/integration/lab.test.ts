import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LabChange } from '@bulkhead/api';
import { detectCgroups } from '@bulkhead/cgroup';
import { cgroupRoot, type Container, type Lab, LabKind, type LabRun, type LabStep } from '@bulkhead/model';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { boundMsec, isEmulated } from '../support/emulation.ts';
import { cgroupMounts } from '../support/hand-cgroup.ts';
import { startTestInstance, type TestInstance } from '../support/launcher.ts';
import { describeNeeds } from '../support/needs.ts';
import { AgentProcess } from './agent-process.ts';

/** What labs make shows in these; each look is another program's. */
const find = (instance: string): string[] =>
  cgroupMounts().flatMap(({ point }) =>
    execFileSync('find', [point, '-type', 'd', '-path', `*${cgroupRoot(instance)}/lab*`], { encoding: 'utf8' })
      .split('\n')
      .filter(Boolean),
  );
const namedSo = (instance: string, text: string): string[] => text.split('\n').filter((line) => line.includes(`${cgroupRoot(instance)}/lab`) || /lab-[a-z]+-[0-9a-f]{4}/.test(line));

describeNeeds(
  { root: true, userNamespaces: true, cgroup: 'any', controllers: ['cpu', 'cpuset', 'memory', 'pids'] },
  'labs',
  () => {
    let instance: TestInstance;
    let agent: AgentProcess;

    beforeAll(async () => {
      instance = await startTestInstance();
      agent = new AgentProcess(instance);
      await agent.start();
    });
    afterAll(async () => {
      await agent?.[Symbol.asyncDispose]();
      await detectCgroups().remove(cgroupRoot(instance.instance));
      await instance?.[Symbol.asyncDispose]();
    });

    const start = (lab: string, seconds?: number) => agent.must<LabRun>('mutation', 'lab.start', { lab, ...(seconds === undefined ? {} : { seconds }) });

    /** Follows a run to its end. */
    async function follow(run: string): Promise<{ run: LabRun; changes: LabChange[] }> {
      const changes: LabChange[] = [];
      for await (const change of agent.stream('lab.watch', { run })) changes.push(change as LabChange);
      const last = changes.at(-1);
      if (last?.type !== 'run') throw new Error(`the stream ended with ${JSON.stringify(last)}`);
      return { run: last.run, changes };
    }
    const conduct = async (lab: string, seconds?: number) => follow((await start(lab, seconds)).id);

    for (const kind of LabKind.options)
      it(`${kind} runs`, async () => {
        const { run } = await conduct(kind);
        console.log(kind, run.outcome, JSON.stringify(run.problem), JSON.stringify(run.checks), run.steps.map((s) => JSON.stringify(s)).join('\n'), JSON.stringify(run.points.slice(0, 30)));
        expect(find(instance.instance)).toEqual([]);
      }, 90_000);
  });
