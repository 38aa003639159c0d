import { afterAll, beforeAll, expect, it } from 'vitest';
import { boxSpec, linesOf, outputOf, runBox, startBox, within } from '../support/boxes.ts';
import { describeNeeds } from '../support/needs.ts';
import { startTestRuntime, type TestRuntime } from '../support/runtime.ts';

/** `Name:\tvalue` lines of /proc/<pid>/status (proc_pid_status(5)). */
const fields = (lines: readonly string[]): Map<string, string> =>
  new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]));

// OCI runtime specification, config.md "Process" and config-linux.md.
describeNeeds({ root: true, cgroup: 'any', userNamespaces: true, controllers: ['cpu', 'memory', 'pids'] }, 'process', () => {
  let host: TestRuntime;
  beforeAll(async () => {
    host = await startTestRuntime();
  });
  afterAll(() => host?.[Symbol.asyncDispose]());
  const statusInside = async (extra: Parameters<typeof linesOf>[2] = {}) => fields(await linesOf(host, 'cat /proc/self/status', extra));

  it('args reach the program one by one, whatever they hold', async () => {
    const { text } = await runBox(host, ['printf', '[%s]', '', 'a b', '$HOME', '*', "it's", '"', 'ü漢', '-n', 'x\ty']);
    expect(text).toBe(`[][a b][$HOME][*][it's]["][ü漢][-n][x\ty]`);
  });

  it('args[0] is found on PATH of the container, and may be a path from cwd', async () => {
    expect((await runBox(host, ['echo', 'found'])).text).toBe('found\n');
    expect((await runBox(host, ['./echo', 'found'], { cwd: '/usr/bin' })).text).toBe('found\n');
    await expect(host.runtime.create(boxSpec(['echo'], { env: ['PATH=/nowhere'] }))).rejects.toMatchObject({ code: 'invalid' });
  });

  it('env is what was given over a few defaults, and nothing of the host', async () => {
    const lines = await linesOf(host, 'env | sort', { env: ['A=1', 'B=two words', 'C=', 'HOME=/tmp'], hostname: 'named' });
    expect(lines.filter((line) => !/^(?:_|PWD|SHLVL|OLDPWD)=/.test(line))).toEqual([
      'A=1',
      'B=two words',
      'C=',
      'HOME=/tmp',
      'HOSTNAME=named',
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    ]);
  });

  it('cwd is where it begins, and one that is not there is an error before anything runs', async () => {
    expect((await runBox(host, ['pwd'], { cwd: '/var/log' })).text).toBe('/var/log\n');
    await expect(host.runtime.create(boxSpec(['pwd'], { cwd: '/not/there' }))).rejects.toMatchObject({ code: 'invalid' });
  });

  it('user: uid, gid and no other group', async () => {
    expect(await linesOf(host, 'id -u; id -g; id -G', { user: { uid: 1234, gid: 2345 } })).toEqual(['1234', '2345', '2345']);
    expect(await linesOf(host, 'id -u; id -g; id -G')).toEqual(['0', '0', '0']);
    const status = await statusInside({ user: { uid: 1234, gid: 2345 } });
    expect(status.get('Uid')?.split(/\s+/)).toEqual(['1234', '1234', '1234', '1234']);
    expect(status.get('Gid')?.split(/\s+/)).toEqual(['2345', '2345', '2345', '2345']);
  });

  it('capabilities: eleven and no others for root, none for a user, in every set', async () => {
    const root = await statusInside();
    expect(['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map((name) => root.get(name))).toEqual([
      '0000000000000000',
      '00000000800405fb',
      '00000000800405fb',
      '00000000800405fb',
      '0000000000000000',
    ]);
    const user = await statusInside({ user: { uid: 1000, gid: 1000 } });
    expect(['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map((name) => user.get(name))).toEqual([
      '0000000000000000',
      '0000000000000000',
      '0000000000000000',
      '00000000800405fb',
      '0000000000000000',
    ]);
  });

  it('noNewPrivileges holds, for what is executed later too', async () => {
    expect((await statusInside()).get('NoNewPrivs')).toBe('1');
    expect(await linesOf(host, 'sh -c "grep NoNewPrivs /proc/self/status"')).toEqual(['NoNewPrivs:\t1']);
  });

  it('begins with no signal ignored, blocked or caught but by itself', async () => {
    const { text } = await runBox(host, ['cat', '/proc/self/status']);
    const status = fields(text.split('\n'));
    expect(['SigPnd', 'ShdPnd', 'SigBlk', 'SigIgn', 'SigCgt'].map((name) => status.get(name))).toEqual(Array(5).fill('0000000000000000'));
  });

  it('inherits no descriptor beyond its three streams', async () => {
    // The fourth is the directory that ls itself reads.
    expect((await runBox(host, ['ls', '/proc/self/fd'])).text).toBe('0\n1\n2\n3\n');
  });

  it('standard input is empty where nobody asked for it', async () => {
    expect(await linesOf(host, 'cat; readlink /proc/self/fd/0')).toEqual(['/dev/null']);
  });

  it('leads a session of its own, is pid 1, and has umask 022', async () => {
    expect(await linesOf(host, 'echo $$; cut -d" " -f6 /proc/1/stat; umask')).toEqual(['1', '1', '0022']);
  });

  it('terminal: a tty of its own size as all three streams, and controlling', async () => {
    const container = await startBox(
      host,
      [
        'sh',
        '-c',
        'tty; stat -c "%U:%G %a" $(tty); stty size; for n in 0 1 2; do test -t $n && echo tty; done; sh -c "echo controlling >/dev/tty"',
      ],
      {
        terminal: true,
      },
    );
    const lines = (await outputOf(host, container.id)).trimEnd().split('\r\n');
    expect(lines[0]).toBe('/dev/pts/0');
    expect(lines[1]).toBe('root:tty 620');
    expect(lines.slice(3)).toEqual(['tty', 'tty', 'tty', 'controlling']);
    await host.runtime.wait(container.id, within(5));
    await host.runtime.delete(container.id, false);
  });

  it('limits of open files are those programs expect', async () => {
    expect(await linesOf(host, 'ulimit -Sn')).toEqual(['1024']);
  });

  it('stdout and stderr are two, and can be opened anew by path', async () => {
    const container = await startBox(host, ['sh', '-c', 'echo out >/dev/stdout; echo err >/dev/stderr']);
    const found: Record<string, string> = {};
    for await (const item of host.runtime.output(container.id, { follow: true }, within(10)))
      if (item.type === 'output') found[item.stream] = (found[item.stream] ?? '') + item.data.toString();
    expect(found).toEqual({ stdout: 'out\n', stderr: 'err\n' });
    await host.runtime.wait(container.id, within(5));
    await host.runtime.delete(container.id, false);
  });
});
