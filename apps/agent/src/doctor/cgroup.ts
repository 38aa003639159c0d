import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { type Cgroups, type Controller, detectCgroups } from '@bulkhead/cgroup';
import type { CgroupSetup, DoctorCheck } from '@bulkhead/model';
import type { DoctorContext } from './context.ts';
import { asRoot, attention, bad, type Finding, good, look, unknown } from './finding.ts';
import { isAtLeast } from './kernel.ts';

/** What each controller is for, and what is lost without it. */
const controllers: readonly { name: Controller; title: string; loss: string }[] = [
  { name: 'cpu', title: 'CPU', loss: 'no container can be limited or weighed in CPU' },
  { name: 'memory', title: 'Memory', loss: 'memory is neither measured nor limited' },
  { name: 'io', title: 'Input and output', loss: 'input and output are not measured' },
  { name: 'pids', title: 'Number of processes', loss: 'the number of processes cannot be limited' },
  { name: 'cpuset', title: 'CPU sets', loss: 'containers cannot be kept to some of the CPUs' },
];

const setupWords: Record<CgroupSetup, string> = {
  legacy: 'version 1 (legacy)',
  hybrid: 'version 1, with a tree of version 2 beside it (hybrid)',
  unified: 'version 2 (unified)',
};

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
  if (setup !== 'unified') return good('not used: groups of version 1 are frozen, then killed');
  if (found ?? isAtLeast(kernelRelease, [5, 14])) return good('there');
  return bad('not there', 'a container that forks fast enough cannot be ended', 'a kernel of 5.14 or newer');
}

/** Controllers that version 2 hands on from its root: those in cgroup.subtree_control can be used below. */
function judgeDelegation(mountPoint: string): Finding {
  const text = readFileSync(join(mountPoint, 'cgroup.controllers'), 'utf8').trim();
  const isSystemd = readFileSync('/proc/1/comm', 'utf8').trim() === 'systemd';
  if (process.geteuid?.() !== 0) return unknown('not seen by you', asRoot);
  if (text === '')
    return bad('no controller is handed on', 'no container can be limited', 'start it outside of a group that withholds controllers');
  return good(`${text.split(' ').length} controllers${isSystemd ? ', in a scope that systemd delegates' : ''}`);
}

export function cgroupChecks(context: DoctorContext): DoctorCheck[] {
  let found: Pick<Cgroups, 'setup' | 'controllers'> | undefined = context.cgroups;
  const setup = look('cgroup', 'setup', 'Control groups', () => {
    try {
      found ??= detectCgroups();
    } catch (failure) {
      const { code, message, remedy } = failure as Error & { code?: string; remedy?: string };
      if (code === 'EACCES' || code === 'EPERM') throw failure;
      return bad(message, 'no container can be limited or counted', remedy);
    }
    return good(setupWords[found.setup]);
  });
  const rows = controllers.map(({ name, title, loss }) =>
    look('cgroup', `controller.${name}`, `Controller ${name}`, () => {
      if (found === undefined) return unknown('no control groups were found');
      return found.controllers.has(name)
        ? good(`there: ${title}`)
        : attention(
            'not there',
            loss,
            `a kernel with the controller ${name}, and cgroup_enable=${name} on its command line where it is off`,
          );
    }),
  );
  const mountPoint = findV2(readFileSync('/proc/self/mountinfo', 'utf8'));
  return [
    setup,
    ...rows,
    look('cgroup', 'kill', 'cgroup.kill', () =>
      judgeKill(found?.setup, mountPoint === undefined ? undefined : hasKill(mountPoint), release()),
    ),
    ...(found?.setup === 'unified' && mountPoint !== undefined
      ? [look('cgroup', 'delegation', 'Delegation', () => judgeDelegation(mountPoint))]
      : []),
  ];
}
