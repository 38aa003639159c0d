import { readdirSync, readFileSync } from 'node:fs';
import { SIGKILL, SIGTERM } from '@bulkhead/kernel';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { boxSpec, outputOf, runBox, startBox, within } from '../support/boxes.ts';
import { describeNeeds } from '../support/needs.ts';
import { startTestRuntime, type TestRuntime, witnessCgroups } from '../support/runtime.ts';

// OCI runtime specification, runtime.md: "State", "Lifecycle" and "Operations".
describeNeeds({ root: true, cgroup: 'any', userNamespaces: true, controllers: ['cpu', 'memory', 'pids'] }, 'lifecycle', () => {
  let host: TestRuntime;
  beforeAll(async () => {
    host = await startTestRuntime();
  });
  afterAll(() => host?.[Symbol.asyncDispose]());
  const remove = (id: string) => host.runtime.delete(id, true);
  const statusOf = (id: string) => host.runtime.find(id)?.status;

  it('create makes everything but the program, which does not run before start', async () => {
    const { container } = await host.runtime.create(boxSpec(['sh', '-c', 'echo ran']));
    expect(container.status).toBe('created');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(readFileSync(`${host.instance.paths.containerLogs}/${container.id}.log`, 'utf8')).toBe('');
    expect(witnessCgroups(container.id).length).toBeGreaterThan(0);
    await host.runtime.start(container.id);
    expect(await outputOf(host, container.id)).toBe('ran\n');
    await remove(container.id);
  });

  it('state has id, status and, while there is a process, its pid', async () => {
    const { container } = await host.runtime.create(boxSpec(['sleep', '60']));
    expect(container).toMatchObject({ id: expect.stringMatching(/^[0-9a-f]{16}$/), status: 'created', pid: expect.any(Number) });
    expect(readdirSync('/proc')).toContain(String(container.pid));
    const { container: started } = await host.runtime.start(container.id);
    expect(started).toMatchObject({ status: 'running', pid: container.pid });
    await host.runtime.kill(container.id, SIGKILL);
    await host.runtime.wait(container.id, within(5));
    expect(host.runtime.find(container.id)).toMatchObject({ status: 'stopped' });
    expect(host.runtime.find(container.id)).not.toHaveProperty('pid', expect.any(Number));
    await remove(container.id);
  });

  it('state, start, kill and delete of what does not exist are errors', async () => {
    const unknown = '0123456789abcdef';
    expect(() => host.runtime.inspect(unknown)).toThrow(/no container/);
    await expect(host.runtime.start(unknown)).rejects.toMatchObject({ code: 'not-found' });
    await expect(host.runtime.kill(unknown, SIGTERM)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('create with a name that is in use is an error and changes nothing of the other', async () => {
    const first = await startBox(host, ['sleep', '60'], { name: 'conform-twin' });
    await expect(host.runtime.create(boxSpec(['true'], { name: 'conform-twin' }))).rejects.toMatchObject({ code: 'conflict' });
    expect(host.runtime.find('conform-twin')).toMatchObject({ id: first.id, status: 'running', pid: first.pid });
    await remove(first.id);
  });

  it('start of what is not created is an error and has no effect', async () => {
    const container = await startBox(host, ['sleep', '60']);
    await expect(host.runtime.start(container.id)).rejects.toMatchObject({ code: 'conflict' });
    expect(host.runtime.find(container.id)).toMatchObject({ status: 'running', pid: container.pid });
    await host.runtime.kill(container.id, SIGKILL);
    await host.runtime.wait(container.id, within(5));
    await expect(host.runtime.start(container.id)).rejects.toMatchObject({ code: 'conflict' });
    expect(statusOf(container.id)).toBe('stopped');
    await remove(container.id);
  });

  it('kill reaches a running program, which may handle the signal', async () => {
    const container = await startBox(host, ['sh', '-c', 'trap "echo got it; exit 9" TERM; echo ready; while :; do sleep 0.05; done']);
    await expect.poll(() => readFileSync(`${host.instance.paths.containerLogs}/${container.id}.log`, 'utf8')).toContain('ready');
    await host.runtime.kill(container.id, SIGTERM);
    expect(await host.runtime.wait(container.id, within(10))).toEqual({ kind: 'exited', code: 9 });
    expect(await outputOf(host, container.id)).toBe('ready\ngot it\n');
    await remove(container.id);
  });

  it('kill ends what is created and was never started', async () => {
    const { container } = await host.runtime.create(boxSpec(['sleep', '60']));
    await host.runtime.kill(container.id, SIGKILL);
    expect(await host.runtime.wait(container.id, within(5))).toEqual({ kind: 'signaled', signal: SIGKILL, coreDumped: false });
    await host.runtime.delete(container.id, false);
    expect(host.runtime.find(container.id)).toBeUndefined();
  });

  it('kill of what is stopped is an error and has no effect', async () => {
    const container = await startBox(host, ['true']);
    await host.runtime.wait(container.id, within(5));
    await expect(host.runtime.kill(container.id, SIGKILL)).rejects.toMatchObject({ code: 'conflict' });
    expect(host.runtime.find(container.id)).toMatchObject({ status: 'stopped', exitStatus: { kind: 'exited', code: 0 } });
    await remove(container.id);
  });

  it('delete of what is not stopped is an error and has no effect', async () => {
    const { container } = await host.runtime.create(boxSpec(['sleep', '60']));
    await expect(host.runtime.delete(container.id, false)).rejects.toMatchObject({ code: 'conflict' });
    expect(statusOf(container.id)).toBe('created');
    await host.runtime.start(container.id);
    await expect(host.runtime.delete(container.id, false)).rejects.toMatchObject({ code: 'conflict' });
    expect(statusOf(container.id)).toBe('running');
    await remove(container.id);
  });

  it('delete undoes what create did, and the name may be used again', async () => {
    const first = await startBox(host, ['true'], { name: 'conform-again' });
    await host.runtime.wait(first.id, within(5));
    await host.runtime.delete(first.id, false);
    expect(witnessCgroups(first.id)).toEqual([]);
    const second = await startBox(host, ['true'], { name: 'conform-again' });
    expect(second.id).not.toBe(first.id);
    await remove(second.id);
  });

  it('the end of the first process ends all others of the container', async () => {
    const container = await startBox(host, ['sh', '-c', 'sleep 600 & sleep 600 & sleep 0.1; exit 5']);
    expect(await host.runtime.wait(container.id, within(10))).toEqual({ kind: 'exited', code: 5 });
    expect(host.cgroups.processes(host.runtime.cgroupPath(container))).toEqual([]);
    await host.runtime.delete(container.id, false);
  });

  it.each([
    ['exit 0', { kind: 'exited', code: 0 }],
    ['exit 255', { kind: 'exited', code: 255 }],
    // A first process without a handler ignores signals of its own namespace; its child does not, and the shell passes that on.
    ['sh -c "kill -TERM \\$\\$"; exit $?', { kind: 'exited', code: 143 }],
  ])("the status of `%s` is the program's own", async (script, status) => {
    expect((await runBox(host, ['sh', '-c', script])).exitStatus).toEqual(status);
  });
});
