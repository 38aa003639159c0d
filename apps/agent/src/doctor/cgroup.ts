import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { type Cgroups, type Controller, detectCgroups } from '@bulkhead/cgroup';
import type { CgroupSetup, DoctorCheck } from '@bulkhead/model';
import { doctorText } from '@bulkhead/model/doctor-text';
import type { DoctorContext } from './context.ts';
import { asIs, asRoot, attention, bad, type Finding, good, look, unknown } from './finding.ts';
import { isAtLeast } from './kernel.ts';

const controllers = ['cpu', 'memory', 'io', 'pids', 'cpuset'] as const satisfies readonly Controller[];

function findV2(mountinfo: string): string | undefined {
  return mountinfo
    .split('\n')
    .find((line) => / - cgroup2 /.test(line))
    ?.split(' ')[4];
}

/** cgroup.kill stands in every group but the root. */
function hasKill(mountPoint: string): boolean | undefined {
  const child = readdirSync(mountPoint, { withFileTypes: true }).find((entry) => entry.isDirectory());
  return child === undefined ? undefined : existsSync(join(mountPoint, child.name, 'cgroup.kill'));
}

export function judgeKill(setup: CgroupSetup | undefined, found: boolean | undefined, kernelRelease: string): Finding {
  if (setup !== 'unified') return good(doctorText('cgroup.kill.not-used'));
  if (found ?? isAtLeast(kernelRelease, [5, 14])) return good(doctorText('there'));
  return bad(doctorText('not-there'), doctorText('cgroup.kill.loss'), doctorText('cgroup.kill.get'));
}

/** Controllers that version 2 hands on from its root: those in cgroup.subtree_control can be used below. */
function judgeDelegation(mountPoint: string): Finding {
  const text = readFileSync(join(mountPoint, 'cgroup.controllers'), 'utf8').trim();
  const isSystemd = readFileSync('/proc/1/comm', 'utf8').trim() === 'systemd';
  if (process.geteuid?.() !== 0) return unknown(doctorText('cgroup.delegation.hidden'), asRoot);
  if (text === '')
    return bad(doctorText('cgroup.delegation.none'), doctorText('cgroup.delegation.loss'), doctorText('cgroup.delegation.get'));
  return good(doctorText(isSystemd ? 'cgroup.delegation.systemd' : 'cgroup.delegation.count', { count: text.split(' ').length }));
}

export function cgroupChecks(context: DoctorContext): DoctorCheck[] {
  let found: Pick<Cgroups, 'setup' | 'controllers'> | undefined = context.cgroups;
  const setup = look('cgroup.setup', () => {
    try {
      found ??= detectCgroups();
    } catch (failure) {
      const { code, message, remedy } = failure as Error & { code?: string; remedy?: string };
      if (code === 'EACCES' || code === 'EPERM') throw failure;
      return bad(asIs(message), doctorText('cgroup.setup.loss'), remedy === undefined ? undefined : asIs(remedy));
    }
    return good(doctorText(`cgroup.setup.${found.setup}`));
  });
  const rows = controllers.map((name) =>
    look(`cgroup.controller.${name}`, () => {
      if (found === undefined) return unknown(doctorText('cgroup.none'));
      return found.controllers.has(name)
        ? good(doctorText(`cgroup.controller.${name}`))
        : attention(
            doctorText('not-there'),
            doctorText(`cgroup.controller.${name}.loss`),
            doctorText('cgroup.controller.get', { controller: name }),
          );
    }),
  );
  const mountPoint = findV2(readFileSync('/proc/self/mountinfo', 'utf8'));
  return [
    setup,
    ...rows,
    look('cgroup.kill', () => judgeKill(found?.setup, mountPoint === undefined ? undefined : hasKill(mountPoint), release())),
    ...(found?.setup === 'unified' && mountPoint !== undefined ? [look('cgroup.delegation', () => judgeDelegation(mountPoint))] : []),
  ];
}
