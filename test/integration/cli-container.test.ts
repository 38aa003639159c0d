import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { bulkhead, ended, eventually, nodeProgram, startBulkhead, startInstance, type TestInstance } from '../support/instance.ts';
import { describeNeeds } from '../support/needs.ts';

let instance: TestInstance;

/** What the command line prints of containers, as its JSON says. */
interface Row {
  id: string;
  name: string;
  tenantId: string;
  status: string;
  pid?: number;
  limits: Record<string, number>;
}

const list = (): Row[] => JSON.parse(instance.run('ps', '-a', '--json').stdout) as Row[];
const start = (...args: string[]) => startBulkhead(args, { BULKHEAD_STATE_DIR: instance.stateDirectory });

describeNeeds(
  { root: true, cgroup: 'any', userNamespaces: true, controllers: ['memory', 'pids', 'cpu'], programs: ['script', 'lsns'] },
  'the command line on containers',
  () => {
    beforeAll(async () => {
      instance = await startInstance({ args: ['--no-web'] });
    });
    afterAll(() => instance?.[Symbol.asyncDispose]());
    afterEach(() => {
      const left = list().map(({ id }) => id);
      if (left.length > 0) instance.run('rm', '-f', ...left);
    });

    describe('run', () => {
      test('streams stdout and stderr apart and passes the exit code on', () => {
        expect(instance.run('run', '--name', 'one', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7')).toEqual({
          code: 7,
          stdout: 'out\n',
          stderr: 'err\n',
        });
        expect(list()).toMatchObject([{ name: 'one', status: 'stopped' }]);
      });

      test('the exit code of a signal is 128 and the signal', () => {
        expect(instance.run('run', '--rm', '--', 'sh', '-c', 'sh -c "kill -9 \\$\\$"; exit $?').code).toBe(137);
      });

      test('bytes of any kind come through whole', () => {
        const { stdout } = spawnSync(
          process.execPath,
          ['-e', 'process.stdout.write(Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7) % 256)))'],
          { encoding: 'buffer', maxBuffer: 1e7 },
        );
        const script = 'i=0; while [ $i -lt 1000 ]; do printf "%05d\\n" $i; i=$((i+1)); done';
        const result = instance.run('run', '--rm', '--', 'sh', '-c', script);
        expect(result.stdout).toBe(Array.from({ length: 1000 }, (_, index) => `${String(index).padStart(5, '0')}\n`).join(''));
        const echoed = spawnSync(nodeProgram, [...instance.commandLine.slice(1), 'run', '--rm', '-i', '--', 'cat'], {
          input: stdout,
          env: { ...process.env, BULKHEAD_STATE_DIR: instance.stateDirectory },
          maxBuffer: 1e7,
        });
        expect(Buffer.compare(echoed.stdout, stdout)).toBe(0);
      });

      test('standard input ends where ours ends', () => {
        expect(
          bulkhead(['run', '--rm', '-i', '--', 'wc', '-c'], {
            environment: { BULKHEAD_STATE_DIR: instance.stateDirectory },
            input: '12345',
          }).stdout,
        ).toBe('5\n');
      });

      test('--rm leaves nothing, without it the container stays until rm', () => {
        instance.run('run', '--rm', '--name', 'gone', '--', 'true');
        expect(list()).toEqual([]);
        instance.run('run', '--name', 'kept', '--', 'true');
        expect(instance.run('rm', 'kept')).toEqual({ code: 0, stdout: 'kept\n', stderr: '' });
        expect(list()).toEqual([]);
      });

      test('-d prints the id and leaves it running; a name is drawn where none is given', () => {
        const { stdout, code } = instance.run('run', '-d', '--', 'sleep', '1000');
        expect([code, stdout]).toEqual([0, expect.stringMatching(/^[0-9a-f]{16}\n$/)]);
        expect(list()).toMatchObject([{ id: stdout.trim(), name: expect.stringMatching(/^[a-z]+-[a-z]+$/), status: 'running' }]);
      });

      test('limits reach the kernel: read from its files, not from our answer', () => {
        instance.run(
          'run',
          '-d',
          '--name',
          'limited',
          '--tenant',
          'acme',
          '--memory',
          '256M',
          '--cpus',
          '0.5',
          '--pids',
          '100',
          '--cpu-weight',
          '50',
          '--',
          'sleep',
          '1000',
        );
        const { pid } = list()[0] ?? {};
        const groups = readFileSync(`/proc/${pid}/cgroup`, 'utf8');
        const pathOf = (controller: string) => new RegExp(`^\\d+:(?:[^:]*,)?${controller}(?:,[^:]*)?:(.*)$`, 'm').exec(groups)?.[1];
        const read = (...candidates: string[]) =>
          candidates.filter((path) => existsSync(path)).map((path) => readFileSync(path, 'utf8').trim())[0];
        const unified = /^0::(.*)$/m.exec(groups)?.[1];
        const memory = pathOf('memory') ?? unified;
        const parents = (path: string | undefined) => (path === undefined ? [] : [path, path.replace(/\/[^/]+$/, '')]);
        const inTree = (controller: string, path: string | undefined, ...files: string[]) =>
          read(
            ...parents(path)
              .flatMap((at) =>
                files.map((file) => `/sys/fs/cgroup/${pathOf(controller) === undefined ? '' : `${controller}/`}${at}/${file}`),
              )
              .filter((file) => existsSync(file) && !/^(?:-1|max|9223372036854771712)/.test(readFileSync(file, 'utf8'))),
          );
        expect(inTree('memory', memory, 'memory.limit_in_bytes', 'memory.max')).toBe(String(256 * 1024 ** 2));
        expect(inTree('pids', pathOf('pids') ?? unified, 'pids.max')).toBe('100');
        expect(inTree('cpu', pathOf('cpu') ?? unified, 'cpu.cfs_quota_us', 'cpu.max')).toMatch(/^50000(?: 100000)?$/);
        expect(list()[0]?.limits).toEqual({ memoryMaxBytes: 268_435_456, cpuMaxMillis: 500, cpuWeight: 50, pidsMax: 100 });
      });

      test('environment, directory, user and host name arrive', () => {
        const { stdout } = instance.run(
          'run',
          '--rm',
          '-e',
          'GREETING=hello world',
          '--workdir',
          '/tmp',
          '--user',
          '1000:100',
          '--hostname',
          'inside',
          '--',
          'sh',
          '-c',
          'echo "$GREETING"; pwd; id -u; id -g; hostname',
        );
        expect(stdout).toBe('hello world\n/tmp\n1000\n100\ninside\n');
      });

      test('-t gives a terminal of our size, and a resize reaches it', async () => {
        const child = start('run', '--rm', '-t', '--', 'tty');
        await ended(child);
        expect(child.output()).toMatch(/^\/dev\/pts\/\d+\r?\n$/);
        const typescript = spawnSync(
          'script',
          [
            '-qec',
            `stty rows 33 cols 77; ${instance.commandLine.map((word) => `'${word}'`).join(' ')} run --rm -it -- stty size`,
            '/dev/null',
          ],
          {
            encoding: 'utf8',
            env: { ...process.env, BULKHEAD_STATE_DIR: instance.stateDirectory },
          },
        );
        expect(typescript.stdout).toContain('33 77');
      });

      test('SIGTERM and SIGINT go to the container', async () => {
        for (const [signal, code] of [
          ['SIGTERM', 41],
          ['SIGINT', 42],
        ] as const) {
          const child = start(
            'run',
            '--rm',
            '--',
            'sh',
            '-c',
            'trap "exit 41" TERM; trap "exit 42" INT; echo ready; while :; do sleep 0.05; done',
          );
          await eventually('it runs', () => child.output().includes('ready'));
          child.kill(signal);
          expect(await ended(child)).toBe(code);
        }
      });

      test('an agent that is killed meanwhile costs no byte and no exit code', async () => {
        const child = start(
          'run',
          '--name',
          'long',
          '--',
          'sh',
          '-c',
          'i=0; while [ $i -lt 40 ]; do echo line $i; i=$((i+1)); sleep 0.1; done; exit 9',
        );
        await eventually('it runs', () => child.output().includes('line 5\n'));
        process.kill(instance.pidOf('agent'), 'SIGKILL');
        expect(await ended(child)).toBe(9);
        expect(child.output()).toBe(Array.from({ length: 40 }, (_, index) => `line ${index}\n`).join(''));
      });
    });

    describe('what cannot be is told in a line, with 1 or 2, and leaves nothing', () => {
      test.each([
        [['run', '--memory', '12Q', '--', 'true'], 2, /^bulkhead: --memory: "12Q" is not a size/],
        [['run', '--memory', '4K', '--', 'true'], 2, /^bulkhead: --memory: must be at least 1M/],
        [['run', '--cpus', 'many', '--', 'true'], 2, /^bulkhead: --cpus: "many"/],
        [['run', '--cpus', '0.001', '--', 'true'], 2, /^bulkhead: --cpus: must be at least 0.01/],
        [['run', '--pids', '-3', '--', 'true'], 2, /^bulkhead: --pids: "-3"/],
        [['run', '--user', 'root', '--', 'true'], 2, /^bulkhead: --user: "root" is not a numeric user/],
        [['run', '--name', '../x', '--', 'true'], 2, /^bulkhead: --name: must be/],
        [['run', '--tenant', 'A B', '--', 'true'], 2, /^bulkhead: --tenant: must be/],
        [['run'], 2, /^bulkhead: a command is needed/],
        [['run', '--frob', '--', 'true'], 2, /^bulkhead: unknown option '--frob'/],
        [['frobnicate'], 2, /^bulkhead: unknown command 'frobnicate'/],
        [['run', '--', 'surely-no-such-command'], 1, /surely-no-such-command/],
        [['run', '--workdir', '/nonexistent', '--', 'true'], 1, /nonexistent/],
        [['run', '--image', 'busybox', '--', 'true'], 1, /image/],
        [['exec', 'nobody', '--', 'true'], 1, /no container nobody/],
        [['logs', 'nobody'], 1, /no container nobody/],
        [['stop', 'nobody'], 1, /no container nobody/],
        [['rm', 'nobody'], 1, /no container nobody/],
        [['kill', '-s', 'FOO', 'nobody'], 2, /--signal: "FOO" is no signal/],
      ] as [string[], number, RegExp][])('%j', (args, code, message) => {
        const result = instance.run(...args);
        expect([result.code === code || (code === 1 && result.code === 2), result.stderr]).toEqual([true, expect.stringMatching(message)]);
        expect(result.stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(2);
        expect(result.stdout === '' || result.stdout === '[]\n').toBe(true);
        expect(list()).toEqual([]);
      });

      test('a name that is taken', () => {
        instance.run('run', '-d', '--name', 'taken', '--', 'sleep', '1000');
        const result = instance.run('run', '--name', 'taken', '--', 'true');
        expect([result.code, result.stderr]).toEqual([1, expect.stringMatching(/^bulkhead: the name taken is taken/)]);
        expect(list()).toHaveLength(1);
      });

      test('an instance that is not up', () => {
        const result = bulkhead(['ps', '--state-dir', '/nonexistent/state']);
        expect(result).toEqual({
          code: 1,
          stdout: '',
          stderr: 'bulkhead: bulkhead is not running here\n  start it as root: ./bulkhead up\n',
        });
      });
    });

    describe('a running container', () => {
      test('exec runs a further command, passes input and exit code; its options are not ours', () => {
        instance.run('run', '-d', '--name', 'host', '--', 'sleep', '1000');
        expect(instance.run('exec', 'host', '--', 'sh', '-c', 'echo in; exit 3')).toEqual({ code: 3, stdout: 'in\n', stderr: '' });
        expect(instance.run('exec', 'host', 'printf', '%s %s', '-t', '--help').stdout).toBe('-t --help');
        expect(
          bulkhead(['exec', '-i', 'host', 'cat'], { environment: { BULKHEAD_STATE_DIR: instance.stateDirectory }, input: 'fed' }).stdout,
        ).toBe('fed');
        expect(instance.run('exec', 'host', 'hostname').stdout).toBe('host\n');
      });

      test('logs shows what was printed, the last lines of it, and follows to the end', async () => {
        instance.run('run', '-d', '--name', 'talk', '--', 'sh', '-c', 'for i in 1 2 3; do echo $i; done; sleep 1; echo 4');
        await eventually('it printed', () => instance.run('logs', 'talk').stdout === '1\n2\n3\n');
        expect(instance.run('logs', '-n', '1', 'talk').stdout).toBe('3\n');
        const following = start('logs', '-f', 'talk');
        expect(await ended(following)).toBe(0);
        expect(following.output()).toBe('1\n2\n3\n4\n');
        expect(instance.run('logs', '--timestamps', '-n', '1', 'talk').stdout).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z 4\n$/);
      });

      test('stop asks, then makes it end; kill sends a signal; rm -f removes a running one', async () => {
        instance.run('run', '-d', '--name', 'stubborn', '--', 'sh', '-c', 'trap "" TERM; while :; do sleep 0.1; done');
        expect(instance.run('stop', '-t', '0.5', 'stubborn').code).toBe(0);
        expect(list()).toMatchObject([{ name: 'stubborn', status: 'stopped', exitStatus: { kind: 'signaled', signal: 9 } }]);
        instance.run('run', '-d', '--name', 'polite', '--', 'sh', '-c', 'trap "exit 5" USR1; while :; do sleep 0.1; done');
        await new Promise((resolve) => setTimeout(resolve, 300));
        expect(instance.run('kill', '-s', 'USR1', 'polite').code).toBe(0);
        await eventually('it ended', () => list().some(({ name, status }) => name === 'polite' && status === 'stopped'));
        instance.run('run', '-d', '--name', 'third', '--', 'sleep', '1000');
        expect(instance.run('rm', 'third').code).toBe(1);
        expect(instance.run('rm', '-f', 'third', 'polite', 'stubborn')).toEqual({
          code: 0,
          stdout: 'third\npolite\nstubborn\n',
          stderr: '',
        });
        expect(list()).toEqual([]);
      });

      test('one of several that is unknown fails the command, the others are done', () => {
        instance.run('run', '-d', '--name', 'known', '--', 'sleep', '1000');
        const result = instance.run('rm', '-f', 'unknown', 'known');
        expect([result.code, result.stdout]).toEqual([1, 'known\n']);
        expect(result.stderr).toContain('no container unknown');
      });

      test('create and start apart; inspect tells the namespaces that lsns sees', async () => {
        expect(instance.run('container', 'create', '--name', 'later', '--', 'sleep', '1000').code).toBe(0);
        expect(list()).toMatchObject([{ name: 'later', status: 'created' }]);
        expect(instance.run('start', 'later').code).toBe(0);
        const [detail] = JSON.parse(instance.run('inspect', 'later').stdout) as {
          pid: number;
          namespaces: { type: string; ino: string }[];
        }[];
        const seen = spawnSync('lsns', ['--noheadings', '--raw', '--output', 'NS,TYPE', '--task', String(detail?.pid)], {
          encoding: 'utf8',
        }).stdout;
        const names: Record<string, string> = { network: 'net', mount: 'mnt' };
        for (const { type, ino } of detail?.namespaces ?? []) expect(seen).toContain(`${ino} ${names[type] ?? type}`);
        expect(detail?.namespaces.length).toBeGreaterThanOrEqual(7);
      });

      test('stats tells of a container that burns half a CPU about half a CPU', () => {
        instance.run('run', '-d', '--name', 'burn', '--cpus', '0.5', '--', 'sh', '-c', 'while :; do :; done');
        const [sample] = JSON.parse(instance.run('stats', '--no-stream', '--json', 'burn').stdout) as { name: string; cpuMillis: number }[];
        expect(sample?.name).toBe('burn');
        expect(sample?.cpuMillis).toBeGreaterThan(250);
        expect(sample?.cpuMillis).toBeLessThan(700);
      });

      test('ps shows a table, ids alone, and what has ended only when asked', () => {
        instance.run('run', '--name', 'old', '--', 'true');
        instance.run('run', '-d', '--name', 'young', '--tenant', 'acme', '--', 'sleep', '1000');
        const table = instance.run('ps').stdout.split('\n');
        expect(table[0]).toMatch(/^ID +NAME +TENANT +IMAGE +COMMAND +STATUS +PID$/);
        expect(table[1]).toMatch(/^[0-9a-f]{16} +young +acme +host +sleep 1000 +Up .* \d+$/);
        expect(table).toHaveLength(3);
        expect(instance.run('ps', '-aq').stdout.trim().split('\n')).toHaveLength(2);
        expect(instance.run('ps', '-a').stdout).toMatch(/old .*Exited \(0\)/);
        expect(instance.run('container', 'ls', '-a', '--tenant', 'acme', '-q').stdout.trim().split('\n')).toHaveLength(1);
      });
    });
  },
);
