import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { detectCgroups } from '@bulkhead/cgroup';
import {
  type CgroupConfigEntry,
  type CgroupConfigPreview,
  type CgroupSettingAuthor,
  cgroupRoot,
  type HostEvent,
  type HostInfo,
  type JournalEntry,
  type Transcript,
} from '@bulkhead/model';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { articleConfig } from '../../packages/cgroup/test/cgconfig-samples.ts';
import { cgroupMounts } from '../support/hand-cgroup.ts';
import { startTestInstance, type TestInstance } from '../support/launcher.ts';
import { describeNeeds } from '../support/needs.ts';
import { AgentProcess, type As } from './agent-process.ts';

interface Imported {
  config: CgroupConfigEntry;
  kept: { path: string; reason: string }[];
  transcript: Transcript;
}
const administrator: As = { kind: 'statement', role: 'administrator', tenants: 'all' };

interface Removed {
  removed: { path: string; controllers: string[] }[];
  kept: { path: string; reason: string }[];
  restored: { path: string; file: string; value: string }[];
}

/** Where a controller's groups are, by the kernel's own list, and under which version. */
function hierarchyOf(controller: string): { point: string; version: 1 | 2 } {
  const legacy = cgroupMounts().find(({ type, controllers }) => type === 'cgroup' && controllers.includes(controller));
  const found = legacy ?? cgroupMounts().find(({ type }) => type === 'cgroup2');
  if (found === undefined) throw new Error(`no hierarchy has ${controller}`);
  return { point: found.point, version: legacy === undefined ? 2 : 1 };
}

describeNeeds(
  { root: true, userNamespaces: true, cgroup: 'any', controllers: ['cpu', 'cpuset', 'memory', 'pids'] },
  'a cgconfig.conf',
  () => {
    const cpu = hierarchyOf('cpu');
    const pids = hierarchyOf('pids');
    const [sharesFile, less, more] = cpu.version === 1 ? (['cpu.shares', '200', '800'] as const) : (['cpu.weight', '20', '78'] as const);
    const kernel = (path: string): string => readFileSync(path, 'utf8').trim();
    const shares = (group: string): string => kernel(`${cpu.point}/${group}/${sharesFile}`);
    const isThere = (group: string): boolean => cgroupMounts().some(({ point }) => existsSync(`${point}/${group}`));

    let instance: TestInstance;
    let agent: AgentProcess;
    /** Everything but the article's own two groups stands below it. */
    let own: string;
    const children: ChildProcess[] = [];

    beforeAll(async () => {
      for (const group of ['lesscpu', 'morecpu'])
        if (isThere(group)) throw new Error(`/${group} is there already: it is not ours to remove`);
      instance = await startTestInstance();
      own = `test-${instance.instance}`;
      agent = new AgentProcess(instance);
      await agent.start();
    });
    afterEach(async () => {
      for (const child of children.splice(0)) {
        child.kill('SIGKILL');
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      }
      for (const { name } of await agent.must<CgroupConfigEntry[]>('query', 'cgroup.listConfigs', {})) await remove(name);
      for (const { point } of cgroupMounts())
        if (existsSync(`${point}/${own}`)) execFileSync('find', [`${point}/${own}`, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', '+']);
      expect(['lesscpu', 'morecpu', own].filter(isThere)).toEqual([]);
    });
    afterAll(async () => {
      await agent?.[Symbol.asyncDispose]();
      await detectCgroups().remove(cgroupRoot(instance.instance));
      rmSync(`/etc/bulkhead/${instance.instance}`, { recursive: true, force: true });
      await instance?.[Symbol.asyncDispose]();
    });

    const preview = (text: string, name = 'article') => agent.must<CgroupConfigPreview>('mutation', 'cgroup.previewConfig', { name, text });
    const doImport = (text: string, name = 'article') => agent.must<Imported>('mutation', 'cgroup.importConfig', { name, text });
    const refusalOf = async (text: string, more: object = {}, as?: As) =>
      (await agent.call('mutation', 'cgroup.importConfig', { name: 'refused', text, ...more }, as ?? { kind: 'local-root' })).error;
    const remove = (name: string) => agent.must<Removed>('mutation', 'cgroup.removeConfig', { name });
    const list = () => agent.must<CgroupConfigEntry[]>('query', 'cgroup.listConfigs', {});
    /** Who set what of a group, as `key by name`. */
    const authors = async (group: string): Promise<string[]> => {
      const told = await agent.must<{ authors: CgroupSettingAuthor[] }>('query', 'cgroup.settings', { path: `/${group}` });
      return told.authors.map(({ key, subject }) => `${key} by ${subject.name}`).sort();
    };
    const events = async (kind: HostEvent['kind']): Promise<HostEvent[]> => {
      const { entries } = await agent.must<{ entries: JournalEntry[] }>('query', 'journal.pull', { after: 0, limit: 5000 });
      return entries.flatMap(({ record }) => (record.kind === 'event' && record.event.kind === kind ? [record.event] : []));
    };
    const stateFile = () => `${instance.paths.agentState}/cgroup-configs.json`;
    /** What a boot leaves of an agent's state: the kernel's groups are gone, and its boot id is another. */
    const reboot = async (groups: readonly string[]): Promise<void> => {
      await agent.end('SIGTERM');
      for (const group of groups)
        for (const { point } of cgroupMounts()) if (existsSync(`${point}/${group}`)) rmdirSync(`${point}/${group}`);
      writeFileSync(
        stateFile(),
        readFileSync(stateFile(), 'utf8').replaceAll(/"bootId":"[^"]*"/g, '"bootId":"11111111-2222-4333-8444-555555555555"'),
      );
      await agent.start();
    };

    it('of the article, word for word, is shown on both versions, and nothing is made', async () => {
      const { faults, v1, v2, steps } = await preview(articleConfig);
      expect(faults).toEqual([]);
      const values = (side: typeof v1) =>
        side?.groups.map(({ path, writes }) => `${path} ${writes.map(({ file, value }) => `${file}=${value}`).join()}`);
      expect(values(v1)).toEqual(['/lesscpu cpu.shares=200', '/morecpu cpu.shares=800']);
      expect(values(v2)).toEqual(['/lesscpu cpu.weight=20', '/morecpu cpu.weight=78']);
      expect([v1, v2].map((side) => side?.groups.every(({ here }) => here))).toEqual([cpu.version === 1, cpu.version === 2]);
      expect(steps.map(({ text }) => text)).toEqual(
        expect.arrayContaining([`mkdir ${cpu.point}/lesscpu`, `echo ${more} > ${cpu.point}/morecpu/${sharesFile}`]),
      );
      expect(['lesscpu', 'morecpu'].filter(isThere)).toEqual([]);
    });

    it('imported makes its groups in the hierarchy of cpu alone, with its values, and tells how', async () => {
      const { config, transcript } = await doImport(articleConfig);
      expect([shares('lesscpu'), shares('morecpu')]).toEqual([less, more]);
      expect(
        cgroupMounts()
          .filter(({ point }) => existsSync(`${point}/lesscpu`))
          .map(({ point }) => point),
      ).toEqual([cpu.point]);
      expect(config).toMatchObject({ name: 'article', text: articleConfig, made: [{ path: '/lesscpu' }, { path: '/morecpu' }] });
      expect(config.trouble).toBeUndefined();
      expect(readFileSync(config.file, 'utf8')).toBe(articleConfig);
      expect(config.file).toBe(`/etc/bulkhead/${instance.instance}/cgconfig.d/article.conf`);
      expect(transcript.commands).toEqual(
        expect.arrayContaining([`mkdir -m 755 ${cpu.point}/lesscpu`, `printf %s ${less} > ${cpu.point}/lesscpu/${sharesFile}`]),
      );
      const [event] = (await events('cgroup.config-imported')).slice(-1);
      expect(event).toMatchObject({ subject: { kind: 'local-root' }, detail: { name: 'article', groups: '/lesscpu /morecpu' } });
      expect(event?.transcript?.commands).toEqual(transcript.commands);
      // Groups that it made itself have who set it as well.
      expect(await authors('lesscpu')).toEqual(['cpu.weight by root']);
      // As nobody set it who finds it so already.
      await agent.must('mutation', 'cgroup.importConfig', { name: 'again', text: articleConfig }, administrator);
      expect(await authors('morecpu')).toEqual(['cpu.weight by root']);
      const others = `group morecpu { cpu { cpu.shares = 700; } }`;
      await agent.must('mutation', 'cgroup.importConfig', { name: 'other', text: others, confirmed: true }, administrator);
      expect([await authors('lesscpu'), await authors('morecpu')]).toEqual([['cpu.weight by root'], ['cpu.weight by Ada']]);
    });

    it('imported once more changes nothing, nor does its own export, in the words of either version', async () => {
      await doImport(articleConfig);
      expect((await preview(articleConfig)).steps).toEqual([]);
      for (const words of ['v1', 'v2'] as const) {
        const { text } = await agent.must<{ text: string }>('query', 'cgroup.exportConfig', { path: '/lesscpu', words });
        expect(text).toContain(words === 'v1' ? `cpu.shares = ${cpu.version === 1 ? '200' : '205'};` : 'cpu.weight = 20;');
        // In the host's own words it says what is there, to the number.
        if ((words === 'v1') === (cpu.version === 1)) expect((await preview(text)).steps).toEqual([]);
      }
    });

    it('of many controllers, exported, describes what is there: imported again it changes nothing', async () => {
      const devices = hierarchyOf('devices').version === 1 || cpu.version === 2;
      await doImport(
        [
          `group ${own}/a {\n cpu { cpu.shares = 333; cpu.cfs_quota_us = 30000; cpu.cfs_period_us = 60000; }\n memory { memory.limit_in_bytes = 100M; }\n pids { pids.max = 77; }\n cpuset { cpuset.cpus = 0; cpuset.mems = 0; }`,
          devices ? ' devices { devices.deny = "a *:* rwm"; devices.allow = "c 1:3 rwm\nc 1:5 rw"; }' : '',
          `}\ngroup ${own}/b { freezer { freezer.state = FROZEN; } pids {} }\n`,
        ].join('\n'),
        'rich',
      );
      const { text, lost } = await agent.must<{ text: string; lost: string[] }>('query', 'cgroup.exportConfig', { path: `/${own}` });
      expect(lost).toEqual([]);
      for (const value of cpu.version === 1
        ? ['cpu.shares = 333;', 'cpu.cfs_period_us = 60000;']
        : ['cpu.weight = 33;', 'cpu.max = "30000 60000";'])
        expect(text).toContain(value);
      if (devices) expect(text).toContain('devices.allow = "c 1:3 rwm\nc 1:5 rw";');
      expect(text).toContain(cpu.version === 1 ? 'freezer.state = FROZEN;' : 'cgroup.freeze = 1;');
      expect(await preview(text, 'again')).toMatchObject({ faults: [], steps: [] });
      const all = await agent.must<{ text: string }>('query', 'cgroup.exportConfig', { path: `/${own}/a`, all: true });
      expect(all.text.length).toBeGreaterThan(text.length);
      expect(await preview(all.text, 'again')).toMatchObject({ faults: [], steps: [] });
    });

    it('is in force again after a boot, and left alone by an agent that is started again', async () => {
      const before = (await events('cgroup.config-applied')).length;
      await doImport(articleConfig);
      writeFileSync(`${cpu.point}/lesscpu/${sharesFile}`, '300');
      await agent.end('SIGKILL');
      await agent.start();
      expect(shares('lesscpu')).toBe('300');
      await reboot(['lesscpu', 'morecpu']);
      expect([shares('lesscpu'), shares('morecpu')]).toEqual([less, more]);
      expect(await authors('lesscpu')).toEqual(['cpu.weight by cgconfig.d/article.conf']);
      expect((await events('cgroup.config-applied')).length).toBe(before + 1);
      expect(await list()).toMatchObject([
        {
          name: 'article',
          appliedAt: expect.any(String),
          importedBy: expect.any(String),
          made: [{ path: '/lesscpu' }, { path: '/morecpu' }],
        },
      ]);
    });

    it('that cannot be applied after a boot is told as a warning of the host, and the others are in force', async () => {
      await doImport(articleConfig);
      await doImport(`group ${own} { pids { pids.max = 40; } }`, 'zeta');
      writeFileSync(`/etc/bulkhead/${instance.instance}/cgconfig.d/article.conf`, 'group lesscpu {\n\tcpu {\n\t\tcpu.shares 200;\n');
      await reboot(['lesscpu', 'morecpu', own]);
      expect(kernel(`${pids.point}/${own}/pids.max`)).toBe('40');
      const { warnings } = await agent.must<HostInfo>('query', 'host.info', {});
      expect(warnings).toContainEqual(
        expect.stringContaining('The cgroup configuration article is not in force: line 3, column 14: expected "="'),
      );
      expect((await list()).map(({ name, trouble }) => [name, trouble === undefined])).toEqual([
        ['article', false],
        ['zeta', true],
      ]);
      expect((await events('cgroup.config-failed')).at(-1)?.detail).toMatchObject({ name: 'article' });
      expect(isThere('lesscpu')).toBe(false);
    });

    it('refused by the kernel leaves everything as it was', async () => {
      mkdirSync(`${pids.point}/${own}`);
      if (pids.version === 2)
        for (const name of ['cpu', 'cpuset', 'pids']) writeFileSync(`${pids.point}/cgroup.subtree_control`, `+${name}`);
      writeFileSync(`${pids.point}/${own}/pids.max`, '10');
      const error = await refusalOf(
        `group ${own} { pids { pids.max = 20; } }\ngroup ${own}-new/below { cpu { cpu.shares = 300; } pids { pids.max = 5; } }\ngroup ${own}-new { cpuset { cpuset.cpus = 4000; } }\n`,
      );
      expect(error?.message).toMatch(/^line 3: the kernel refuses "4000" in .*cpuset\.cpus \(E[A-Z]+\)/);
      expect(kernel(`${pids.point}/${own}/pids.max`)).toBe('10');
      expect(isThere(`${own}-new`)).toBe(false);
      expect((await list()).map(({ name }) => name)).toEqual([]);
      expect(existsSync(`/etc/bulkhead/${instance.instance}/cgconfig.d/refused.conf`)).toBe(false);
      expect((await events('cgroup.config-failed')).at(-1)?.detail).toMatchObject({
        name: 'refused',
        error: expect.stringContaining('line 3'),
      });
    });

    it('replaced removes what it no longer names, and tells what stays', async () => {
      await doImport(articleConfig);
      const sleeper = spawn('sleep', ['600'], { stdio: 'ignore' });
      children.push(sleeper);
      writeFileSync(`${cpu.point}/morecpu/cgroup.procs`, String(sleeper.pid));
      const shorter = 'group onlycpu { cpu { cpu.shares = 100; } }'.replace('onlycpu', own);
      expect((await preview(shorter)).obsolete.map(({ path }) => path)).toEqual(['/lesscpu', '/morecpu']);
      const { config, kept } = await doImport(shorter);
      expect(kept).toEqual([{ path: '/morecpu', reason: expect.stringContaining('1 process is in it') }]);
      expect([isThere('lesscpu'), isThere('morecpu'), isThere(own)]).toEqual([false, true, true]);
      expect(config.made.map(({ path }) => path)).toEqual(['/morecpu', `/${own}`]);
    });

    it('removed takes back what it did: groups without processes go, values of others come back', async () => {
      mkdirSync(`${pids.point}/${own}`);
      if (pids.version === 2) for (const name of ['cpu', 'pids']) writeFileSync(`${pids.point}/cgroup.subtree_control`, `+${name}`);
      writeFileSync(`${pids.point}/${own}/pids.max`, '10');
      await doImport(`${articleConfig}group ${own} { pids { pids.max = 20; } }`);
      expect(kernel(`${pids.point}/${own}/pids.max`)).toBe('20');
      const sleeper = spawn('sleep', ['600'], { stdio: 'ignore' });
      children.push(sleeper);
      writeFileSync(`${cpu.point}/lesscpu/cgroup.procs`, String(sleeper.pid));
      const { removed, kept, restored } = await remove('article');
      expect(removed.map(({ path }) => path)).toEqual(['/morecpu']);
      expect(kept).toEqual([{ path: '/lesscpu', reason: expect.stringContaining('1 process is in it') }]);
      expect(restored).toEqual([{ path: `/${own}`, file: 'pids.max', value: '10' }]);
      expect(await authors(own)).toEqual(['pids.max by root']);
      expect(kernel(`${pids.point}/${own}/pids.max`)).toBe('10');
      expect(await list()).toEqual([]);
      sleeper.kill('SIGKILL');
      await once(sleeper, 'exit');
      rmdirSync(`${cpu.point}/lesscpu`);
    });

    it('gives files to whom it says, with modes that the owner may have anyway', async () => {
      await doImport(
        `group ${own} { perm { task { uid = 33; gid = 44; fperm = 777; } admin { uid = 55; gid = 66; dperm = 750; fperm = 444; } } pids { pids.max = 9; } }`,
      );
      const stat = (file: string) => {
        const { uid, gid, mode } = statSync(`${pids.point}/${own}${file}`);
        return [uid, gid, (mode & 0o7777).toString(8)];
      };
      expect(stat('')).toEqual([55, 66, '750']);
      expect(stat('/pids.max')).toEqual([55, 66, '444']);
      expect(stat(pids.version === 1 ? '/tasks' : '/cgroup.procs')).toEqual([33, 44, '666']);
      // What the kernel lets nobody write stays so.
      expect(stat('/pids.current')).toEqual([55, 66, '444']);
      const { text } = await agent.must<{ text: string }>('query', 'cgroup.exportConfig', { path: `/${own}`, controllers: ['pids'] });
      expect(text).toMatch(/task \{\s+uid = (?:33|www-data);/);
      expect((await preview(text, 'other')).steps).toEqual([]);
      chownSync(`${pids.point}/${own}/pids.max`, 0, 0);
      expect((await preview(text, 'other')).steps).toHaveLength(1);
    });

    it('that names what this host or its accounts lack is refused with line and column, and nothing is begun', async () => {
      expect((await refusalOf('group a {\n\tno_such_controller {}\n}'))?.message).toBe(
        'line 2, column 2: this host has no controller no_such_controller: it is mounted in no hierarchy',
      );
      expect(
        (await refusalOf(`group ${own} {\n perm { task { uid = nobody-of-this-name; } admin { uid = 0; } }\n cpu {} }`))?.message,
      ).toContain('line 2, column 22: there is no user');
      expect((await refusalOf(`group ${own} { cpu { cpu.no_such_file = 1; } }`))?.message).toContain('this kernel has no cpu.no_such_file');
      expect((await refusalOf(`group ../${own} { cpu {} }`))?.message).toContain('".." is no group');
      expect((await refusalOf('group a { cpu { cpu.shares = 200 } }'))?.data).toMatchObject({
        problem: 'invalid',
        remedy: expect.stringContaining('cpu.shares = 200'),
      });
      expect(isThere(own)).toBe(false);
    });

    it('has templates, of which classify makes the group of a process', async () => {
      await doImport(`template ${own}/%u-%U/%p {\n pids { pids.max = 12; } }\ntemplate ${own}/%u-%U/%p { cpu { cpu.shares = 300; } }`);
      expect(isThere(own)).toBe(false);
      const sleeper = spawn('sleep', ['600'], { stdio: 'ignore', uid: 33, gid: 33 });
      children.push(sleeper);
      await once(sleeper, 'spawn');
      const make = () =>
        agent.must<{ path: string; transcript: Transcript }>('mutation', 'cgroup.makeFromTemplate', {
          template: `/${own}/%u-%U/%p`,
          pid: sleeper.pid,
          controllers: ['pids'],
        });
      const user = /^([^:]+):[^:]*:33:/m.exec(readFileSync('/etc/passwd', 'utf8'))?.[1] ?? '33';
      const { path } = await make();
      expect(path).toBe(`/${own}/${user}-33/sleep`);
      expect(kernel(`${pids.point}${path}/pids.max`)).toBe('12');
      expect(await authors(path.slice(1))).toEqual(['pids.max by root']);
      if (cpu.point !== pids.point) expect(existsSync(`${cpu.point}${path}`)).toBe(false);
      // There already, it is taken as it is.
      writeFileSync(`${pids.point}${path}/pids.max`, '13');
      expect((await make()).transcript.steps).toEqual([]);
      expect(kernel(`${pids.point}${path}/pids.max`)).toBe('13');
      const unknown = await agent.call('mutation', 'cgroup.makeFromTemplate', { template: '/none/%u', pid: sleeper.pid });
      expect(unknown.error?.data.problem).toBe('not-found');
    });

    it('changes a group of another runtime only where that is confirmed', async () => {
      const docker = `${own}/docker/${'ab'.repeat(32)}`;
      for (const part of [own, `${own}/docker`, docker]) {
        if (pids.version === 2) writeFileSync(`${pids.point}/${part.split('/').slice(0, -1).join('/')}/cgroup.subtree_control`, '+pids');
        mkdirSync(`${pids.point}/${part}`);
      }
      const text = `group ${docker} { pids { pids.max = 30; } }`;
      expect((await preview(text)).foreign).toMatchObject([{ path: `/${docker}`, owner: expect.stringContaining('docker') }]);
      expect((await refusalOf(text))?.data.problem).toBe('conflict');
      expect(kernel(`${pids.point}/${docker}/pids.max`)).toBe('max');
      expect(await refusalOf(text, { confirmed: true })).toBeUndefined();
      expect(kernel(`${pids.point}/${docker}/pids.max`)).toBe('30');
    });
  },
);
