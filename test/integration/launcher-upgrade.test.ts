import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LauncherProgram, Renewal, type RenewalOutcome, readLauncherBuild } from '@bulkhead/container';
import { ContainerSpec, launcherNodeOptions } from '@bulkhead/model';
import { expect, test } from 'vitest';
import { boundMsec } from '../support/emulation.ts';
import { eventually, nodeProgram, root } from '../support/instance.ts';
import { describeNeeds } from '../support/needs.ts';
import { copyLauncher } from '../support/old-launcher.ts';
import { startTestRuntime } from '../support/runtime.ts';

const shipped = (): LauncherProgram => ({
  build: readLauncherBuild(join(root, 'apps/agent/dist'), launcherNodeOptions) ?? 'the launcher is not built',
  program: join(root, 'apps/agent/dist/launcher.mjs'),
  interpreter: [nodeProgram, ...launcherNodeOptions],
});

const commandOf = (pid: number | undefined): string[] => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
const descriptorsOf = (pid: number | undefined): number => readdirSync(`/proc/${pid}/fd`).length;

/** Text of a log in the CRI format, all streams. */
const textOf = (log: string): string =>
  log.replaceAll(/^\S+ std\w+ ([FP]) (.*)\n/gm, (_, tag, content) => (tag === 'F' ? `${content}\n` : content));

const spec = (name: string, script: string, extra: object = {}): ContainerSpec =>
  ContainerSpec.parse({ name, image: 'host', args: ['sh', '-c', script], ...extra });

describeNeeds({ root: true, cgroup: 'any', userNamespaces: true }, 'a launcher of another build', () => {
  test('becomes the one that the agent ships with: same pid, same containers, every byte of output, and their exit status', {
    timeout: boundMsec(90_000),
  }, async () => {
    using old = copyLauncher('an earlier build', (text) => `${text}\n// earlier\n`);
    const outcomes: RenewalOutcome[] = [];
    await using test = await startTestRuntime(undefined, { launcher: old.program });
    const pid = test.instance.launcher.pid;
    const lines = 4000;
    // A stream of numbers over the whole time, so that a byte lost or doubled at the change is seen.
    const counting = `i=0; while [ $i -lt ${lines} ]; do i=$((i+1)); echo $i; [ $((i % 20)) = 0 ] && sleep 0.02; done; exit 7`;
    const { container } = await test.runtime.create(spec('counting', counting));
    const waiting = (await test.runtime.create(spec('waiting', 'exit 9'))).container;
    const terminal = (await test.runtime.create(spec('terminal', 'sleep 3; tty; exit 4', { terminal: true }))).container;
    await test.runtime.start(container.id);
    await test.runtime.start(terminal.id);
    const { pid: containerPid } = test.runtime.inspect(container.id);
    expect(commandOf(pid)).toContain(old.program);

    const renewal = new Renewal(shipped(), (outcome) => outcomes.push(outcome));
    await test.restart(undefined, renewal);
    expect(outcomes).toMatchObject([{ type: 'upgraded', pid, processes: 3 }]);
    expect(commandOf(pid)).toContain(shipped().program);
    expect(test.instance.launcher.exitCode).toBeNull();
    expect(test.runtime.inspect(container.id)).toMatchObject({ status: 'running', pid: containerPid });

    const never = new AbortController();
    expect(await test.runtime.wait(container.id, never.signal)).toEqual({ kind: 'exited', code: 7 });
    expect(await test.runtime.wait(terminal.id, never.signal)).toEqual({ kind: 'exited', code: 4 });
    expect(JSON.parse(readFileSync(`${test.instance.paths.containers}/${container.id}/exit.json`, 'utf8'))).toMatchObject({
      pid: containerPid,
      exitStatus: { kind: 'exited', code: 7 },
      droppedBytes: 0,
    });
    const log = textOf(readFileSync(`${test.instance.paths.containerLogs}/${container.id}.log`, 'utf8'));
    expect(log === Array.from({ length: lines }, (_, index) => `${index + 1}\n`).join('')).toBe(true);
    expect(readFileSync(`${test.instance.paths.containerLogs}/${terminal.id}.log`, 'utf8')).toContain('/dev/pts/0');
    // One that waited for its start waits on, and what is new is made by the new program.
    await test.runtime.start(waiting.id);
    expect(await test.runtime.wait(waiting.id, never.signal)).toEqual({ kind: 'exited', code: 9 });
    const { container: fresh } = await test.runtime.create(spec('fresh', 'exit 3'));
    await test.runtime.start(fresh.id);
    expect(await test.runtime.wait(fresh.id, never.signal)).toEqual({ kind: 'exited', code: 3 });
    // Nothing is to be done twice.
    await test.restart(undefined, renewal);
    expect(outcomes).toHaveLength(1);
  });

  test.each([
    [
      'a program that is not there',
      () => ({ ...shipped(), build: 'x', program: '/nonexistent/launcher.mjs' }),
      /cannot take over \(exit code 1/,
    ],
    ['a Node that is not there', () => ({ ...shipped(), build: 'x', interpreter: ['/nonexistent/node'] }), /cannot be started/],
    [
      'a program that breaks when it starts',
      (broken: string) => ({ ...shipped(), build: 'x', program: broken }),
      /cannot take over \(exit code 1/,
    ],
  ])(
    '%s: the old one goes on serving, it is said why, and asked again later only',
    { timeout: boundMsec(60_000) },
    async (_, wanted, reason) => {
      using broken = copyLauncher('x', (text) => `throw new Error('broken');\n${text}`);
      const outcomes: RenewalOutcome[] = [];
      await using test = await startTestRuntime();
      const pid = test.instance.launcher.pid;
      const { container } = await test.runtime.create(spec('steady', 'sleep 1000'));
      await test.runtime.start(container.id);
      const renewal = new Renewal(wanted(broken.program), (outcome) => outcomes.push(outcome));
      await test.restart(undefined, renewal);
      const before = descriptorsOf(pid);
      for (let again = 0; again < 3; again += 1) await test.restart(undefined, renewal);
      expect(outcomes).toMatchObject([{ type: 'failed', reason: expect.stringMatching(reason), againInMsec: 5000 }]);
      expect(renewal.trouble).toMatch(reason);
      expect(commandOf(pid)).toContain(shipped().program);
      expect(descriptorsOf(pid)).toBe(before);
      expect(test.runtime.inspect(container.id).status).toBe('running');
      const { container: next } = await test.runtime.create(spec('next', 'ls /proc/self/fd | wc -l; exit 6'));
      await test.runtime.start(next.id);
      expect(await test.runtime.wait(next.id, new AbortController().signal)).toEqual({ kind: 'exited', code: 6 });
      // Nothing that the launcher marked for its successor reaches a container.
      expect(textOf(readFileSync(`${test.instance.paths.containerLogs}/${next.id}.log`, 'utf8')).trim()).toBe('4');
      const zombies = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
      for (const child of zombies) expect(readFileSync(`/proc/${child}/stat`, 'utf8')).not.toMatch(/\) Z /);
    },
  );

  test('one that could not be replaced is replaced later, while it works, without a reconnect', {
    timeout: boundMsec(60_000),
  }, async () => {
    using old = copyLauncher('an earlier build');
    using next = copyLauncher('a later build', (text) => `throw new Error('not yet');\n${text}`);
    const outcomes: RenewalOutcome[] = [];
    const wanted = {
      build: readLauncherBuild(next.directory, launcherNodeOptions) ?? '',
      program: next.program,
      interpreter: shipped().interpreter,
    };
    const renewal = new Renewal(wanted, (outcome) => outcomes.push(outcome));
    await using test = await startTestRuntime(undefined, { launcher: old.program, renewal });
    expect(outcomes).toMatchObject([{ type: 'failed' }]);
    const changes: string[] = [];
    test.runtime.onChange(({ type }) => changes.push(type));
    writeFileSync(next.program, readFileSync(shipped().program));
    const { container } = await test.runtime.create(spec('meanwhile', 'sleep 12; exit 5'));
    await test.runtime.start(container.id);
    await eventually('the upgrade', () => outcomes.some(({ type }) => type === 'upgraded'), boundMsec(15_000));
    expect(renewal.trouble).toBeUndefined();
    expect(commandOf(test.instance.launcher.pid)).toContain(next.program);
    expect(changes).not.toContain('launcher-lost');
    const { container: after } = await test.runtime.create(spec('after', 'exit 8'));
    await test.runtime.start(after.id);
    expect(await test.runtime.wait(after.id, new AbortController().signal)).toEqual({ kind: 'exited', code: 8 });
    expect(await test.runtime.wait(container.id, new AbortController().signal)).toEqual({ kind: 'exited', code: 5 });
    expect(readlinkSync(`/proc/${test.instance.launcher.pid}/exe`)).toContain('node');
  });
});
