import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { ContainerSpec, type ContainerSpecInput, cgroupRoot, Problem } from '@bulkhead/model';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { repetitions } from '../support/emulation.ts';
import { describeNeeds } from '../support/needs.ts';
import { startTestRuntime, type TestRuntime, witnessCgroups, witnessMounts, witnessProcesses } from '../support/runtime.ts';

let names = 0;
const spec = (args: string[], extra: Partial<ContainerSpecInput> = {}): ContainerSpec => {
  names += 1;
  return ContainerSpec.parse({ name: `run-${names}`, tenantId: 'acme', image: 'host', args, ...extra });
};
const seconds = (count: number): AbortSignal => AbortSignal.timeout(count * 1000);

describeNeeds({ root: true, cgroup: 'any', userNamespaces: true }, 'run: create and start in one go', () => {
  let host: TestRuntime;
  beforeAll(async () => {
    host = await startTestRuntime();
  });
  afterAll(() => host?.[Symbol.asyncDispose]());

  it('answers once the program runs, in namespaces of its own, with limits set', async () => {
    const { container, transcript } = await host.runtime.run(spec(['sleep', '60'], { limits: { pidsMax: 7 } }));
    expect(container).toMatchObject({ status: 'running', startedAt: expect.any(String) });
    expect(readFileSync(`/proc/${container.pid}/comm`, 'utf8')).toBe('sleep\n');
    const { namespaces, process, idMapping } = host.runtime.inspect(container.id);
    expect(process?.pid).toBe(container.pid);
    expect(namespaces.filter(({ initial }) => !initial).map(({ type }) => type)).toEqual(
      expect.arrayContaining(['pid', 'network', 'mount', 'ipc', 'uts', 'cgroup', 'user']),
    );
    const paths = witnessCgroups(container.id).filter((path) => existsSync(`${path}/pids.max`) && path.endsWith(container.id));
    expect(paths.map((path) => readFileSync(`${path}/pids.max`, 'utf8'))).toEqual(['7\n']);
    const { steps, commands } = transcript.read();
    expect(new Set(steps.map(({ actor }) => actor))).toEqual(new Set(['agent', 'launcher', 'child']));
    expect(steps.at(-1)).toMatchObject({ actor: 'child', syscall: 'execve' });
    expect(commands.join('\n')).toContain('pivot_root');
    await host.runtime.delete(container.id, true);
    expect([...witnessCgroups(container.id), ...witnessMounts(container.id), ...witnessProcesses(idMapping.hostId)]).toEqual([]);
  });

  const lives = repetitions(100, 20);
  it(`tells a beginning before its end, however short the life, ${lives} times`, async () => {
    const seen: string[] = [];
    using listening = host.runtime.onChange((change) => {
      if (change.type === 'changed' || change.type === 'removed')
        seen.push(`${change.container.name} ${change.type} ${change.container.status}`);
    });
    void listening;
    for (let count = 0; count < lives; count += 1) {
      seen.length = 0;
      const { container } = await host.runtime.run(spec(['true'], { autoRemove: true }));
      const { name } = container;
      expect(await host.runtime.wait(container.id, seconds(20), 'removed')).toEqual({ kind: 'exited', code: 0 });
      expect(seen).toEqual([`${name} changed running`, `${name} changed stopped`, `${name} removed stopped`]);
      expect(host.runtime.find(name)).toBe(undefined);
    }
    expect(readdirSync(host.instance.paths.containers)).toEqual([]);
  });

  it('passes output and exit code on, and keeps a container that is not to be removed', async () => {
    const { container } = await host.runtime.run(spec(['sh', '-c', 'echo out; echo err >&2; exit 7']));
    expect(await host.runtime.wait(container.id, seconds(20))).toEqual({ kind: 'exited', code: 7 });
    const text: string[] = [];
    for await (const item of host.runtime.output(container.id, { follow: true }, seconds(20)))
      if (item.type === 'output') text.push(`${item.stream}:${item.data.toString()}`);
    expect(text.toSorted()).toEqual(['stderr:err\n', 'stdout:out\n']);
    await host.runtime.delete(container.id, false);
  });

  it.each([
    ['a command that is not there', ['no-such-command'], 'no such command in the container'],
    ['a file that is no program', ['/etc/hostname'], 'not executable'],
  ])('leaves nothing of %s', async (_, args, message) => {
    const found = () => [...witnessCgroups(cgroupRoot(host.instance.instance)), ...readdirSync(host.instance.paths.containers)];
    const { container } = await host.runtime.run(spec(['true']));
    await host.runtime.wait(container.id, seconds(20));
    await host.runtime.delete(container.id, false);
    const before = new Set(found());
    const failure = await host.runtime.run(spec(args)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Problem);
    expect((failure as Problem).message).toContain(message);
    // One prepared for the next start stands where one stood before.
    const waiting = found()
      .filter((one) => !before.has(one) && one.endsWith('/init'))
      .map((one) => one.split('/').at(-2));
    expect(new Set(waiting).size).toBeLessThanOrEqual(1);
  });

  it('takes a name once, whoever comes first', async () => {
    const one = spec(['sleep', '60']);
    const answers = await Promise.allSettled([host.runtime.run(one), host.runtime.run(one), host.runtime.run(one)]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected', 'rejected']);
    for (const answer of answers) if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ code: 'conflict' });
    await host.runtime.delete(host.runtime.find(one.name)?.id as string, true);
  });

  it('runs many at once, each with ids of its own', async () => {
    const made = await Promise.all(Array.from({ length: 12 }, () => host.runtime.run(spec(['sleep', '60']))));
    const hostIds = made.map(({ container }) => host.runtime.inspect(container.id).idMapping.hostId);
    expect(new Set(hostIds).size).toBe(12);
    for (const { container } of made)
      expect(readFileSync(`/proc/${container.pid}/uid_map`, 'utf8').trim().split(/\s+/)[1]).toBe(
        String(host.runtime.inspect(container.id).idMapping.hostId),
      );
    await Promise.all(made.map(({ container }) => host.runtime.delete(container.id, true)));
  });
});
