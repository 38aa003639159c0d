import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { linesOf, startBox } from '../support/boxes.ts';
import { describeNeeds } from '../support/needs.ts';
import { startTestRuntime, type TestRuntime } from '../support/runtime.ts';

// OCI runtime specification, config.md "Mounts" and config-linux.md "Default Filesystems", "Namespaces", "User namespace
// mappings", "Default Devices", "Masked Paths", "Readonly Paths".
describeNeeds({ root: true, cgroup: 'any', userNamespaces: true, controllers: ['cpu', 'memory', 'pids'] }, 'isolation', () => {
  let host: TestRuntime;
  beforeAll(async () => {
    host = await startTestRuntime();
  });
  afterAll(() => host?.[Symbol.asyncDispose]());
  const lines = (script: string) => linesOf(host, script);

  it('default file systems are there: proc, sysfs, devpts, with their options', async () => {
    const mounts = new Map(
      (await lines('cat /proc/self/mounts')).map((line) => {
        const [, target = '', type = '', options = ''] = line.split(' ');
        return [target, { type, options: options.split(',') }];
      }),
    );
    expect(mounts.get('/')?.type).toBe('tmpfs');
    expect(mounts.get('/proc')).toMatchObject({ type: 'proc', options: expect.arrayContaining(['rw', 'nosuid', 'nodev', 'noexec']) });
    expect(mounts.get('/sys')).toMatchObject({ type: 'sysfs', options: expect.arrayContaining(['ro', 'nosuid', 'nodev', 'noexec']) });
    expect(mounts.get('/dev/pts')).toMatchObject({
      type: 'devpts',
      options: expect.arrayContaining(['nosuid', 'noexec', 'mode=620', 'ptmxmode=666']),
    });
    expect(mounts.get('/usr')).toMatchObject({ options: expect.arrayContaining(['ro', 'nosuid', 'nodev']) });
  });

  it('of the mounts of the host none is left but what the root is made of', async () => {
    const targets = (await lines('cut -d" " -f5 /proc/self/mountinfo')).filter((path) => !/^\/(?:dev|proc|sys)(?:\/|$)/.test(path));
    for (const target of targets) expect(target).toMatch(/^\/(?:$|usr(?:\/|$)|s?bin$|lib(?:x?32|64)?$|etc\/(?:alternatives|ssl\/certs)$)/);
    // Nothing that is mounted on the host later comes in, and nothing inside goes out.
    expect(await lines("grep -cE 'shared:|master:' /proc/self/mountinfo || true")).toEqual(['0']);
  });

  it('default devices are there with their numbers, and no others can be made', async () => {
    expect(await lines('for n in null zero full random urandom tty; do stat -c "%n %F %t:%T %a" /dev/$n; done')).toEqual([
      '/dev/null character special file 1:3 666',
      '/dev/zero character special file 1:5 666',
      '/dev/full character special file 1:7 666',
      '/dev/random character special file 1:8 666',
      '/dev/urandom character special file 1:9 666',
      '/dev/tty character special file 5:0 666',
    ]);
    expect(await lines('readlink /dev/fd /dev/stdin /dev/stdout /dev/stderr /dev/ptmx')).toEqual([
      '/proc/self/fd',
      '/proc/self/fd/0',
      '/proc/self/fd/1',
      '/proc/self/fd/2',
      'pts/ptmx',
    ]);
    expect(await lines('mknod /tmp/disk b 8 0 2>&1 || echo refused')).toContain('refused');
  });

  it('devices work as devices', async () => {
    expect(
      await lines(
        'echo x >/dev/null && head -c 3 /dev/zero | od -An -tx1 | tr -d " "; head -c 8 /dev/urandom | wc -c; echo x 2>&1 >/dev/full || echo full',
      ),
    ).toEqual(expect.arrayContaining(['000000', '8', 'full']));
  });

  it('masked paths show nothing and cannot be written', async () => {
    const script = `for path in /proc/kcore /proc/keys /proc/timer_list /proc/interrupts; do
      [ -e $path ] && { head -c 10 $path | wc -c; }
    done; for path in /sys/firmware /proc/acpi /proc/scsi; do [ -d $path ] && ls -A $path | wc -l; done; true`;
    expect(new Set(await lines(script))).toEqual(new Set(['0']));
  });

  it('read-only paths cannot be written', async () => {
    const script = `for path in /proc/sys/kernel/panic /proc/sysrq-trigger /proc/irq/default_smp_affinity /usr/x /sys/kernel/x; do
      (echo 1 >$path) 2>/dev/null && echo "wrote $path"
    done; echo done`;
    expect(await lines(script)).toEqual(['done']);
  });

  it('no mount can be made or changed', async () => {
    const script = `mount -t tmpfs none /mnt 2>/dev/null && echo mounted
      mount -o remount,rw /usr 2>/dev/null && echo remounted
      umount /sys 2>/dev/null && echo unmounted
      echo done`;
    expect(await lines(script)).toEqual(['done']);
  });

  it('sees its own processes alone', async () => {
    expect(await lines('ls /proc | grep -c "^[0-9]" ; cat /proc/1/comm')).toEqual([expect.stringMatching(/^[2-5]$/), 'sh']);
  });

  it('has a host name of its own and cannot change that of the host', async () => {
    const before = hostname();
    expect(
      await linesOf(host, 'hostname; cat /etc/hostname; hostname other 2>/dev/null && echo changed; true', { hostname: 'its-own' }),
    ).toEqual(['its-own', 'its-own']);
    expect(hostname()).toBe(before);
  });

  it('has loopback and no other link, and it works', async () => {
    expect(
      await lines('ls /sys/class/net; cat /sys/class/net/lo/operstate; ls /proc/net/route >/dev/null && wc -l </proc/net/route'),
    ).toEqual(['lo', 'unknown', '1']);
  });

  it('maps 65,536 ids onto ids of the host that mean nothing there', async () => {
    const container = await startBox(host, ['sleep', '60']);
    const { idMapping } = host.runtime.inspect(container.id);
    for (const file of ['uid_map', 'gid_map'])
      expect(readFileSync(`/proc/${container.pid}/${file}`, 'utf8').trim().split(/\s+/)).toEqual(['0', String(idMapping.hostId), '65536']);
    expect(readFileSync(`/proc/${container.pid}/status`, 'utf8')).toContain(`Uid:\t${idMapping.hostId}\t`);
    await host.runtime.delete(container.id, true);
  });

  it('shares no namespace with the host but that of time', async () => {
    const container = await startBox(host, ['sleep', '60']);
    for (const type of ['user', 'mnt', 'pid', 'net', 'uts', 'ipc', 'cgroup'])
      expect(readlinkSync(`/proc/${container.pid}/ns/${type}`), type).not.toBe(readlinkSync(`/proc/self/ns/${type}`));
    expect(readlinkSync(`/proc/${container.pid}/ns/time`)).toBe(readlinkSync('/proc/self/ns/time'));
    await host.runtime.delete(container.id, true);
  });

  it('what two containers write stays apart', async () => {
    const first = await startBox(host, ['sh', '-c', 'echo secret >/tmp/mine; sleep 60']);
    expect(await lines('ls -A /tmp')).toEqual(['']);
    await host.runtime.delete(first.id, true);
  });

  it('System V objects of two containers stay apart', async () => {
    const first = await startBox(host, ['sh', '-c', 'ipcmk -M 1000 && sleep 60']);
    expect(await lines('ipcs -m | grep -c 0x || true')).toEqual(['0']);
    await host.runtime.delete(first.id, true);
  });

  it('a set-user-ID program gains nothing', async () => {
    const script = 'cp /usr/bin/id /tmp/id && chmod 4755 /tmp/id && exec setpriv --reuid 1000 --regid 1000 --clear-groups /tmp/id -u';
    expect(await lines(script)).toEqual(['1000']);
  });
});
