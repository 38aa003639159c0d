import type { CgroupConfigFault, CgroupConfigGroup, CgroupConfigNote, CgroupConfigPreview, CgroupConfigSide } from '@bulkhead/model';
import type { ConfigError } from './config-error.ts';
import { type MountedHost, relativePath } from './host.ts';
import type { GroupPermissions, Ownership } from './intent.ts';
import type { Note } from './note.ts';
import type { ConfigPlan, ConfigStep } from './plan.ts';
import type { PlannedGroup, Side } from './side.ts';
import { isDeviceProgram } from './translate.ts';

/** Faults that are told, at most: whoever mends these sees the next. */
const mostFaults = 100;

export const toFault = ({ at, what, excerpt, caret }: ConfigError): CgroupConfigFault => ({ ...at, message: what, excerpt, caret });

const toNote = ({ at, code, params }: Note): CgroupConfigNote => ({ ...at, code, params });

const octal = (mode: number): string => mode.toString(8).padStart(3, '0');

const toOwner = ({ uid, gid, fperm, dperm }: Ownership): NonNullable<CgroupConfigGroup['permissions']>['task'] => ({
  ...(uid === undefined ? {} : { uid }),
  ...(gid === undefined ? {} : { gid }),
  ...(fperm === undefined ? {} : { fperm: octal(fperm) }),
  ...(dperm === undefined ? {} : { dperm: octal(dperm) }),
});

const toPermissions = ({ task, admin }: GroupPermissions): CgroupConfigGroup['permissions'] => ({
  task: toOwner(task),
  admin: toOwner(admin),
});

function toGroup(group: PlannedGroup, side: Side): CgroupConfigGroup {
  const { path, at, controllers, here, missing, permissions, writes, same, notes } = group;
  // What another version than the host's would refuse is no fault of the text.
  const impossible = side.faults.filter((each) => !each.here && !here && each.group === group);
  return {
    ...at,
    path,
    controllers,
    here,
    missing,
    writes: writes.map(({ controller, file, value, before, from, formula }) => ({
      lines: [...new Set(from.map((each) => each.at.line))],
      controller,
      file,
      value,
      ...(before === undefined ? {} : { before }),
      ...(formula === undefined ? {} : { formula: formula.formula }),
    })),
    same: same.map(({ at: { line }, file, value }) => ({ line, file, value })),
    ...(permissions === undefined ? {} : { permissions: toPermissions(permissions) }),
    notes: [
      ...notes.map(toNote),
      ...impossible.map(({ fault }): CgroupConfigNote => ({ ...fault.at, code: 'impossible', params: { reason: fault.what } })),
    ],
  };
}

const toSide = (side: Side): CgroupConfigSide => ({ groups: side.groups.map((group) => toGroup(group, side)) });

const quote = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
const ownerText = ({ uid = 0, gid = 0 }: Ownership): string => `${uid}:${gid}`;

/** A step as a person would do it in a shell. */
export function describeStep(step: ConfigStep, host: MountedHost): string {
  const { version, controller, path } = step.place;
  const directory = host.hierarchyOf(version, controller)?.absolute(relativePath(path)) ?? path;
  switch (step.kind) {
    case 'make':
      return `mkdir ${quote(directory)}`;
    case 'fill-cpuset':
      return `for f in cpus mems; do cat ${quote(`${directory}/..`)}/cpuset.$f > ${quote(directory)}/cpuset.$f; done`;
    case 'enable':
      return `echo +${step.enabled} > ${quote(`${directory}/cgroup.subtree_control`)}`;
    case 'write':
      if (isDeviceProgram(step.write)) return `bpf: ${quote(directory)}: ${step.write.value.replaceAll('\n', '; ')}`;
      return `echo ${quote(step.write.value)} > ${quote(`${directory}/${step.write.file}`)}`;
    case 'own':
      return `chown ${ownerText(step.permissions.admin)} ${quote(directory)} ${quote(directory)}/*; chown ${ownerText(step.permissions.task)} ${quote(`${directory}/${version === 1 ? 'tasks' : 'cgroup.procs'}`)}`;
  }
}

type Plain = Omit<CgroupConfigPreview, 'foreign' | 'refusals' | 'obsolete'>;

/** A plan as it crosses the wire. @param describe a step as a person would do it in a shell */
export function toPreview({ intent, v1, v2, faults, notes, steps }: ConfigPlan, describe: (step: ConfigStep) => string): Plain {
  return {
    faults: faults.slice(0, mostFaults).map(toFault),
    notes: notes.map(toNote),
    v1: toSide(v1),
    v2: toSide(v2),
    templates: intent.templates.map(({ path, at, controllers }) => ({ ...at, path, controllers: controllers.map(({ name }) => name) })),
    steps: steps.map((step) => ({ line: step.at.line, text: describe(step) })),
  };
}

/** Of a text that does not hold to the grammar there is no more to tell. */
export const toUnreadable = (error: ConfigError): Plain => ({ faults: [toFault(error)], notes: [], templates: [], steps: [] });
