import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bulkhead, ended, findTraces, nodeProgram, root, startInstance } from '../support/instance.ts';
import { describeNeeds } from '../support/needs.ts';
import { startPostgres } from '../support/postgres.ts';

/** Users, mounts and files of all instances: a start that failed must not add to them. */
function snapshot(): string {
  const list = (path: string) => (existsSync(path) ? readdirSync(path).sort() : []);
  return JSON.stringify([
    list('/run/bulkhead'),
    list('/etc/bulkhead'),
    spawnSync('getent', ['passwd'], { encoding: 'utf8' }).stdout,
    spawnSync('findmnt', ['--list', '--noheadings', '--output', 'TARGET'], { encoding: 'utf8' }).stdout,
    spawnSync('sh', ['-c', 'find /sys/fs/cgroup -maxdepth 2 -name "bulkhead-*" | sort'], { encoding: 'utf8' }).stdout,
  ]);
}

/** One line that names the cause, one that says what to do. */
const isTwoLines = (stderr: string): boolean =>
  /^bulkhead: [^\n]+\n {2}[^\n]+\n$/.test(
    stderr.replace(/^bulkhead: (?:preparing|starting|applying|stopping|connecting|services)[^\n]*\n/gm, ''),
  );

let directory: string;
let state: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'bulkhead-trouble-'));
  chmodSync(directory, 0o711);
  state = join(directory, 'state');
});
afterEach(() => {
  if (existsSync(join(state, 'instance.json'))) bulkhead(['down', '--purge', '--state-dir', state]);
  rmSync(directory, { recursive: true, force: true });
});

describeNeeds(
  { root: true, cgroup: 'any', programs: ['setpriv', 'useradd', 'findmnt', 'mount'] },
  'an up that cannot be says why in one line, says what to do, and leaves nothing',
  () => {
    test('not root', () => {
      const before = snapshot();
      for (const command of ['up', 'down']) {
        const result = spawnSync(
          'setpriv',
          [
            '--reuid=65534',
            '--regid=65534',
            '--clear-groups',
            nodeProgram,
            join(root, 'apps/cli/dist/main.mjs'),
            command,
            '--state-dir',
            state,
          ],
          {
            encoding: 'utf8',
          },
        );
        expect([result.status, result.stderr]).toEqual([
          1,
          `bulkhead: ./bulkhead ${command} must run as root\n  sudo ./bulkhead ${command}\n`,
        ]);
      }
      expect(snapshot()).toBe(before);
    });

    test('a port that is taken', async () => {
      const before = snapshot();
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as { port: number };
      const { code, stderr } = bulkhead(['up', '--state-dir', state, '--listen', `127.0.0.1:${port}`]);
      server.close();
      expect(code).toBe(1);
      expect(stderr).toContain(`port ${port} of 127.0.0.1 is taken by`);
      expect(stderr).toContain(`process ${process.pid}\n`);
      expect(isTwoLines(stderr)).toBe(true);
      expect(existsSync(state)).toBe(false);
      expect(snapshot()).toBe(before);
    });

    const nothing = () => {};
    const places: readonly [string, () => void, () => string, RegExp][] = [
      ['a relative path', nothing, (): string => 'state', /relative path/],
      ['a path that is too long', nothing, () => `/tmp/${'x'.repeat(300)}`, /too long/],
      ['a file', () => writeFileSync(state, ''), (): string => state, /cannot be used: .*(?:no directory|file of that name)/],
      ['a directory below a file', () => writeFileSync(state, ''), (): string => join(state, 'x'), /a part of the path is no directory/],
      [
        'a directory with other things',
        () => cpSync(import.meta.dirname, state, { recursive: true }),
        (): string => state,
        /holds other things/,
      ],
      ['a symbolic link', () => symlinkSync(directory, state), (): string => state, /symbolic link|holds other things/],
      ['a place below a closed directory', () => chmodSync(directory, 0o700), (): string => state, /closed \(mode 700\)/],
      ['a kernel directory', nothing, (): string => '/proc/bulkhead', /cannot be used/],
    ];
    test.each(places)('%s as state directory', (_, make, path, message) => {
      make();
      const before = snapshot();
      const { code, stderr } = bulkhead(['up', '--state-dir', path()]);
      expect([code === 1 || code === 2, stderr]).toEqual([true, expect.stringMatching(message)]);
      expect(isTwoLines(stderr)).toBe(true);
      expect(snapshot()).toBe(before);
    });

    test('a directory that is not ours keeps its mode and what is in it', () => {
      mkdirSync(state, { mode: 0o755 });
      chmodSync(state, 0o755);
      writeFileSync(join(state, 'diary.txt'), 'mine');
      bulkhead(['up', '--state-dir', state]);
      bulkhead(['down', '--purge', '--state-dir', state]);
      expect(statSync(state).mode & 0o777).toBe(0o755);
      expect(readdirSync(state)).toEqual(['diary.txt']);
    });

    test('a read-only file system', () => {
      mkdirSync(state);
      spawnSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', state]);
      try {
        const { code, stderr } = bulkhead(['up', '--state-dir', join(state, 'x')]);
        expect([code, stderr]).toEqual([2, expect.stringContaining('its file system is read-only')]);
      } finally {
        spawnSync('umount', [state]);
      }
    });

    test('a full disk', () => {
      mkdirSync(state);
      spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m,mode=0711', 'tmpfs', state]);
      const inner = join(state, 'x');
      try {
        const { code, stderr } = bulkhead(['up', '--state-dir', inner, '--listen', '127.0.0.1:0']);
        expect([code, stderr]).toEqual([1, expect.stringMatching(/No space left on device|disk is full/)]);
        expect(stderr).toContain('free some space');
      } finally {
        bulkhead(['down', '--purge', '--state-dir', inner]);
        spawnSync('umount', [state]);
      }
    });

    test.each([
      [['--listen', 'example'], /--listen: "example" is no address and port/],
      [['--listen', '192.0.2.1:1'], /192\.0\.2\.1 is no address of this machine/],
      [['--tls-cert', '/x'], /for addresses beyond loopback/],
      [['--listen', '0.0.0.0:0', '--tls-cert', '/nonexistent', '--tls-key', '/nonexistent'], /--tls-cert: \/nonexistent cannot be read/],
      [['--frobnicate'], /unknown option '--frobnicate'/],
      [['surplus'], /too many arguments/],
    ])('%j', (args, message) => {
      const { code, stderr } = bulkhead(['up', '--state-dir', state, ...args]);
      expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
    });

    test('a DATABASE_URL that is none, and a server that nobody reaches; no password is told', () => {
      const none = bulkhead(['up', '--state-dir', state], { environment: { DATABASE_URL: 'mysql://x:sesame-opens@y/z' } });
      expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('DATABASE_URL is not a PostgreSQL address')]);
      const unreachable = bulkhead(['up', '--state-dir', state, '--listen', '127.0.0.1:0'], {
        environment: { DATABASE_URL: 'postgresql://owner:sesame-opens@127.0.0.1:1/bulkhead' },
      });
      expect(unreachable.code).toBe(1);
      expect(unreachable.stderr).toMatch(/the database cannot be used: .*ECONNREFUSED/);
      expect(unreachable.stderr).toContain('check DATABASE_URL');
      expect(none.stderr + unreachable.stderr).not.toContain('sesame-opens');
      const grep = spawnSync('grep', ['-r', '-l', '--exclude-dir=program', 'sesame-opens', state, '/run/bulkhead'], { encoding: 'utf8' });
      expect(grep.stdout).toBe('');
    });

    test('a damaged database directory', async () => {
      {
        await using instance = await startInstance({ stateDirectory: state });
        instance.child.kill('SIGTERM');
        await ended(instance.child);
        const data = readdirSync(instance.paths.databaseState)[0] ?? '';
        rmSync(join(instance.paths.databaseState, data, 'global'), { recursive: true });
        const { code, stderr } = bulkhead(['up', '--state-dir', state, '--listen', '127.0.0.1:0']);
        expect([code, stderr]).toEqual([1, expect.stringMatching(/database does not come up: .*(?:FATAL:|could not open file)/)]);
        expect(stderr).toContain('restore it from a backup');
      }
    });

    test('a damaged instance.json', () => {
      mkdirSync(state);
      writeFileSync(join(state, 'instance.json'), '{"version":');
      const { code, stderr } = bulkhead(['up', '--state-dir', state]);
      expect([code, stderr]).toEqual([2, expect.stringContaining('instance.json is damaged')]);
      rmSync(join(state, 'instance.json'));
    });
  },
);

describeNeeds({ root: true, cgroup: 'any', programs: ['setpriv', 'useradd'] }, 'a database of somebody else', () => {
  test('DATABASE_URL replaces the embedded server; each service has a role and password of its own', async () => {
    await using server = await startPostgres();
    const url = new URL(server.url('bulkhead_owner', 'elsewhere'));
    await using instance = await startInstance({ stateDirectory: state, environment: { DATABASE_URL: url.href } });
    const status = JSON.parse(instance.run('status', '--json').stdout) as { services: { name: string; state: string }[] };
    expect(status.services.map(({ name }) => name).sort()).toEqual(['agent', 'collector', 'launcher', 'web']);
    expect(readdirSync(instance.paths.databaseState)).toEqual([]);
    expect((await fetch(`${instance.url}/api/health`)).status).toBe(200);
    expect(instance.run('usage', '--json').stdout).toBe('[]\n');
    // The owner's address is for the migration alone.
    expect(spawnSync('grep', ['-r', '-l', 'bulkhead_owner@', `${instance.paths.run}/config`, state], { encoding: 'utf8' }).stdout).toBe('');
    expect(findTraces(instance.instance, state).join('\n')).not.toContain('postgres -D');
  });
});
