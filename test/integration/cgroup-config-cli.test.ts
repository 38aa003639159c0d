import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { articleConfig } from '../../packages/cgroup/test/cgconfig-samples.ts';
import { cgroupMounts } from '../support/hand-cgroup.ts';
import { startInstance, type TestInstance } from '../support/instance.ts';
import { describeNeeds } from '../support/needs.ts';

describeNeeds({ root: true, userNamespaces: true, cgroup: 'any', controllers: ['cpu'] }, 'bulkhead cgroup import and export', () => {
  let instance: TestInstance;
  let directory: string;
  /** The article's groups, named for this instance: other tests make those of the article. */
  let text: string;
  let groups: [string, string];
  const cpu =
    cgroupMounts().find(({ controllers }) => controllers.includes('cpu')) ?? cgroupMounts().find(({ type }) => type === 'cgroup2');
  const shares = (group: string): string =>
    readFileSync(`${cpu?.point}/${group}/${cpu?.type === 'cgroup' ? 'cpu.shares' : 'cpu.weight'}`, 'utf8').trim();
  const [less, more] = cpu?.type === 'cgroup' ? ['200', '800'] : ['20', '78'];
  const write = (name: string, content: string): string => {
    writeFileSync(join(directory, name), content);
    return join(directory, name);
  };

  beforeAll(async () => {
    instance = await startInstance({ args: ['--no-web'] });
    directory = mkdtempSync(join(tmpdir(), 'bulkhead-test-'));
    groups = [`test-${instance.instance}-less`, `test-${instance.instance}-more`];
    text = articleConfig.replace('lesscpu', groups[0]).replace('morecpu', groups[1]);
  });
  afterAll(async () => {
    rmSync(directory, { recursive: true, force: true });
    await instance[Symbol.asyncDispose]();
    expect(groups.filter((group) => existsSync(`${cpu?.point}/${group}`))).toEqual([]);
  });

  it('shows both versions and what would be done, and does nothing', () => {
    const { code, stdout } = instance.run('cgroup', 'import', write('shares.conf', text), '--preview');
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`On version 1:\\n  /${groups[0]}  \\(cpu\\)\\n    cpu\\.shares = 200\\n`));
    expect(stdout).toContain('    cpu.weight = 78  [cpu.weight = round(cpu.shares × 100 / 1024), within 1 to 10000]\n');
    expect(stdout).toContain(`  mkdir ${cpu?.point}/${groups[1]}  # line 6\n`);
    expect(existsSync(`${cpu?.point}/${groups[0]}`)).toBe(false);
    expect(instance.run('cgroup', 'configs').stdout).toMatch(/^NAME +STATE +BY +GROUPS +FILE\n$/);
  });

  it('shows what is wrong with file, line and column, and a caret under the place, and ends with 2', () => {
    const file = write('broken.conf', 'group a {\n\tcpu {\n\t\tcpu.shares 200;\n\t}\n}\n');
    const { code, stderr } = instance.run('cgroup', 'import', file, '--yes');
    expect(code).toBe(2);
    expect(stderr).toBe(`${file}:3:14: expected "=", found the word "200"\n  \t\tcpu.shares 200;\n  \t\t           ^\n`);
  });

  it('does not apply what nobody confirmed', () => {
    const { code, stderr } = instance.run('cgroup', 'import', write('shares.conf', text));
    expect(code).toBe(2);
    expect(stderr).toContain('nothing was applied: it was not confirmed');
    expect(existsSync(`${cpu?.point}/${groups[0]}`)).toBe(false);
  });

  it('leaves nothing after a purge, also of what was kept', async () => {
    const other = await startInstance({ args: ['--no-web'] });
    const group = `test-${other.instance}-purged`;
    const imported = other.run('cgroup', 'import', write('purged.conf', `group ${group}/below { cpu { cpu.shares = 300; } }`), '--yes');
    const wasThere = existsSync(`${cpu?.point}/${group}/below`);
    await other[Symbol.asyncDispose]();
    expect(imported.code).toBe(0);
    expect(wasThere).toBe(true);
    expect(existsSync(`${cpu?.point}/${group}`)).toBe(false);
  }, 120_000);

  it('applies, lists, exports what imported again changes nothing, and takes back', () => {
    expect(instance.run('cgroup', 'import', write('shares.conf', text), '--yes')).toMatchObject({
      code: 0,
      stderr: expect.not.stringContaining('bulkhead:'),
    });
    expect(groups.map(shares)).toEqual([less, more]);
    expect(instance.run('cgroup', 'configs').stdout).toMatch(
      /\nshares +in force +\S+ +2 +\/etc\/bulkhead\/.*\/cgconfig\.d\/shares\.conf\n$/,
    );
    // Who set it stands beside it, though the import made the group itself.
    expect(instance.run('cgroup', 'settings', `/${groups[0]}`).stdout).toMatch(/^cpu\.weight .* root *$/m);
    const exported = join(directory, 'exported.conf');
    expect(instance.run('cgroup', 'export', `/${groups[0]}`, '-o', exported).code).toBe(0);
    expect(readFileSync(exported, 'utf8')).toContain(`group ${groups[0]} {\n\tcpu {\n\t\tcpu.`);
    expect(instance.run('cgroup', 'import', exported, '--preview').stdout).toContain('Here:\n  all is so already\n');
    expect(instance.run('cgroup', 'export', `/${groups[0]}`, '--words', 'v2').stdout).toContain('cpu.weight = 20;');
    const removed = instance.run('cgroup', 'remove-config', 'shares');
    expect(removed.code).toBe(0);
    expect(
      removed.stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split(/ +/)[0])
        .sort(),
    ).toEqual(groups.map((group) => `/${group}`).sort());
    expect(groups.filter((group) => existsSync(`${cpu?.point}/${group}`))).toEqual([]);
    expect(instance.run('cgroup', 'remove-config', 'shares')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no configuration shares is kept'),
    });
  });
});
