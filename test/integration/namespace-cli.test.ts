import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import type { NamespaceInventory } from '@bulkhead/model';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { HandCgroup } from '../support/hand-cgroup.ts';
import { eventually, startInstance, type TestInstance } from '../support/instance.ts';
import { describeNeeds } from '../support/needs.ts';

describeNeeds(
  { root: true, userNamespaces: true, cgroup: 'any', programs: ['unshare', 'lsns'] },
  'bulkhead namespace',
  () => {
    let instance: TestInstance;
    let child: ChildProcess;
    let ino: string;
    let key: string;

    beforeAll(async () => {
      instance = await startInstance({ args: ['--no-web'] });
      const host = readlinkSync('/proc/self/ns/user');
      child = spawn('unshare', ['--user', '--map-root-user', '--uts', 'sleep', '600'], { stdio: 'ignore', detached: true });
      await eventually('a user namespace of its own', () => readlinkSync(`/proc/${child.pid}/ns/user`) !== host);
      ino = /\d+/.exec(readlinkSync(`/proc/${child.pid}/ns/uts`).slice(4))?.[0] ?? '';
      key = `${execFileSync('stat', ['--dereference', '--format=%d', `/proc/${child.pid}/ns/uts`], { encoding: 'utf8' }).trim()}-${ino}`;
    });
    afterAll(async () => {
      if (child?.exitCode === null) {
        const gone = once(child, 'exit');
        child.kill('SIGKILL');
        await gone;
      }
      await instance?.[Symbol.asyncDispose]();
    });

    it('lists what lsns lists, as a table and as JSON', () => {
      const table = instance.run('namespace', 'ls', '--type', 'uts');
      expect(table).toMatchObject({ code: 0, stderr: expect.not.stringContaining('bulkhead:') });
      const [head = '', ...lines] = table.stdout.trimEnd().split('\n');
      expect(head).toMatch(/^NAMESPACE +TYPE +PROCESSES +PID +COMMAND +MADE BY +ALSO HELD BY$/);
      const line = lines.find((each) => each.startsWith(`${key} `));
      expect(line?.split(/ {2,}/)).toEqual([key, 'uts', '1', String(child.pid), 'sleep', 'plain sleep', '-']);
      expect(lines.every((each) => each.includes(' uts '))).toBe(true);
      // Aligned: every cell begins where its head does.
      expect(line?.indexOf('plain')).toBe(head.indexOf('MADE BY'));
      const json = JSON.parse(instance.run('namespace', 'ls', '--json').stdout) as NamespaceInventory;
      const witness = execFileSync('lsns', ['--noheadings', '--raw', '--output', 'NS,TYPE'], { encoding: 'utf8' });
      for (const mine of json.namespaces.filter((each) => each.leader?.pid === child.pid)) expect(witness).toContain(mine.ino);
      expect(
        json.namespaces
          .filter((each) => each.leader?.pid === child.pid)
          .map(({ type }) => type)
          .sort(),
      ).toEqual(['user', 'uts']);
    });

    it('ps --foreign lists containers of other runtimes, and no sandbox of ours that waits', async () => {
      const cgroup = new HandCgroup(`/test-${instance.instance}/lxc.payload.webshop`);
      const inside = spawn('unshare', ['--uts', 'sleep', '600'], { stdio: 'ignore' });
      try {
        cgroup.join(inside.pid as number);
        const list = (...options: string[]) => instance.run('ps', '--foreign', ...options);
        const row = await eventually('its row', () =>
          list()
            .stdout.split('\n')
            .find((line) => line.startsWith('webshop ')),
        );
        expect(list().stdout.split('\n')[0]).toMatch(/^ID +NAME +RUNTIME +IMAGE +COMMAND +STATUS +PID$/);
        expect(row.split(/ {2,}/)).toEqual(['webshop', 'webshop', 'lxc', '-', 'sleep', expect.stringMatching(/^Up /), String(inside.pid)]);
        expect(list('-q').stdout.split('\n')).toContain('webshop');
        expect(JSON.parse(list('--json').stdout)).toContainEqual(
          expect.objectContaining({ maker: { runtime: 'lxc', externalId: 'webshop', name: 'webshop' } }),
        );
        expect(list().stdout).not.toContain('waiting');
        expect(list('--tenant', 'acme')).toMatchObject({ code: 2, stderr: expect.stringContaining('exclude each other') });
      } finally {
        inside.kill('SIGKILL');
        await once(inside, 'close');
        await cgroup.remove();
        await new HandCgroup(`/test-${instance.instance}`).remove();
      }
    });

    it('draws what owns what', () => {
      const { code, stdout } = instance.run('namespace', 'tree');
      expect(code).toBe(0);
      const lines = stdout.split('\n');
      const at = lines.findIndex((each) => each.includes(key));
      expect(lines[at]).toMatch(/^[ │].*─uts .* plain sleep, 1 process$/);
      const owner = /\d+/.exec(readlinkSync(`/proc/${child.pid}/ns/user`).slice(5))?.[0];
      expect(lines.slice(0, at).findLast((each) => each.includes('─user '))).toContain(`-${owner} `);
    });

    it('tells of one namespace by key or number, and of those of a process', () => {
      const byKey = instance.run('namespace', 'inspect', key);
      expect(byKey.code).toBe(0);
      expect(byKey.stdout).toContain(`uts:[${ino}]`);
      expect(byKey.stdout).toMatch(new RegExp(`^${child.pid} .* sleep$`, 'm'));
      expect(instance.run('namespace', 'inspect', ino).stdout.split('\n')[0]).toBe(byKey.stdout.split('\n')[0]);
      const ofProcess = instance.run('namespace', 'inspect', String(child.pid));
      expect(ofProcess.stdout.split('\n')[0]).toBe(`process ${child.pid}  sleep`);
      for (const [, kind] of execFileSync('ls', [`/proc/${child.pid}/ns`], { encoding: 'utf8' }).matchAll(/^(uts|ipc|user|pid)$/gm)) {
        const link = readlinkSync(`/proc/${child.pid}/ns/${kind}`);
        expect(ofProcess.stdout).toContain(/\d+/.exec(link.slice(link.indexOf('[')))?.[0]);
      }
      expect(JSON.parse(instance.run('namespace', 'inspect', key, '--json').stdout).namespace.key).toBe(key);
    });

    it.each([
      [['inspect', '4-1'], 1, 'no namespace 4-1'],
      [['inspect', '4194304'], 1, 'no process 4194304'],
      [['inspect', '4026599999'], 1, 'no namespace 4026599999'],
      [['inspect', 'web'], 2, 'neither a namespace nor a process'],
      [['inspect'], 2, 'missing required argument'],
      [['ls', '--type', 'net'], 2, "argument 'net' is invalid"],
      [['ls', 'extra'], 2, 'too many arguments'],
    ])('refuses %j with exit code %i and says why', (args, code, words) => {
      const found = instance.run('namespace', ...args);
      expect(found).toMatchObject({ code, stdout: '' });
      expect(found.stderr).toContain(words);
      expect(found.stderr.split('\n').length).toBeLessThanOrEqual(3);
    });
  },
  { retry: 2 },
);
