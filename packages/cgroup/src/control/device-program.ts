import {
  attachDeviceProgram,
  type DeviceException,
  type DeviceProgram,
  detachDeviceProgram,
  deviceAccess,
  deviceProgramIds,
  disassembleDeviceProgram,
  type Fd,
  hasErrno,
  loadDeviceProgram,
  openDeviceProgram,
  readDeviceProgram,
} from '@bulkhead/kernel';
import { type CgroupText, cgroupText, type DeviceList, type DeviceRule, formatDeviceList, Problem, parseDeviceList } from '@bulkhead/model';

/** By this name, and by what they say, programs of ours are known; the name of another's may be the same. */
const programName = 'bulkhead_dev';

/** Most exceptions of a list: a program of some thousands of instructions. */
const mostExceptions = 512;

const letters = Object.keys(deviceAccess) as (keyof typeof deviceAccess)[];
const accessOf = (text: string): number =>
  letters.reduce((bits, letter) => (text.includes(letter) ? bits | deviceAccess[letter] : bits), 0);
const textOf = (bits: number): string => (['r', 'w', 'm'] as const).filter((letter) => (bits & deviceAccess[letter]) !== 0).join('');

const toException = ({ type, major, minor, access }: DeviceRule): DeviceException => ({
  type: type === 'b' ? 'block' : 'char',
  ...(major === '*' ? {} : { major }),
  ...(minor === '*' ? {} : { minor }),
  access: accessOf(access),
});

export const toProgram = ({ allowed, exceptions }: DeviceList): DeviceProgram => ({ allowed, exceptions: exceptions.map(toException) });

export function toList({ allowed, exceptions }: DeviceProgram): DeviceList {
  return {
    allowed,
    exceptions: exceptions.map(
      ({ type, major, minor, access }): DeviceRule => ({
        allow: !allowed,
        type: type === 'block' ? 'b' : 'c',
        major: major ?? '*',
        minor: minor ?? '*',
        access: textOf(access),
      }),
    ),
  };
}

interface Attached extends Disposable {
  /** The program of ours, held open, and what it says. */
  own: { fd: Fd; list: DeviceList } | undefined;
  foreign: number;
}

/** Programs attached to a group itself; those of groups above hold as well. */
function findAttached(cgroup: Fd): Attached {
  using opened = new DisposableStack();
  let own: Attached['own'];
  let foreign = 0;
  for (const id of deviceProgramIds(cgroup)) {
    const fd = openDeviceProgram(id);
    if (fd === undefined) continue;
    opened.use(fd);
    const { name, code } = readDeviceProgram(fd);
    const program = name === programName ? disassembleDeviceProgram(code) : undefined;
    if (program === undefined || own !== undefined) foreign += 1;
    else own = { fd, list: toList(program) };
  }
  const held = opened.move();
  return { own, foreign, [Symbol.dispose]: () => held[Symbol.dispose]() };
}

/**
 * Devices of a group of v2, off the program of ours; everything where there is none. Programs of others are counted: all
 * that are attached here and above must let a device through.
 */
export function readDevices(cgroup: Fd): { value: string; note?: CgroupText } {
  try {
    using attached = findAttached(cgroup);
    const value = formatDeviceList(attached.own?.list ?? { allowed: true, exceptions: [] });
    if (attached.foreign === 0) return { value };
    return {
      value,
      note: attached.foreign === 1 ? cgroupText('note.devices.one') : cgroupText('note.devices.more', { count: attached.foreign }),
    };
  } catch (failure) {
    if (hasErrno(failure, 'EPERM', 'EINVAL', 'ENOSYS'))
      throw new Problem('unsupported', 'this kernel does not let device programs of cgroups be seen (bpf(2))', {
        cause: failure,
        remedy: 'It wants CONFIG_CGROUP_BPF and the capability CAP_BPF (or CAP_SYS_ADMIN).',
      });
    throw failure;
  }
}

/** Makes devices of a group what the value says: the program of ours is replaced at once, with no moment between. */
export function setDevices(cgroup: Fd, value: string): void {
  const list = parseDeviceList(value);
  if (list === undefined || list.exceptions.length > mostExceptions)
    throw new Problem('invalid', `devices: not a list, or one of more than ${mostExceptions} exceptions`);
  using attached = findAttached(cgroup);
  const { own } = attached;
  if (list.allowed && list.exceptions.length === 0) {
    if (own !== undefined) detachDeviceProgram(cgroup, own.fd);
    return;
  }
  using program = loadDeviceProgram(toProgram(list), programName);
  try {
    attachDeviceProgram(cgroup, program, own?.fd);
  } catch (failure) {
    if (own === undefined && hasErrno(failure, 'EPERM'))
      throw new Problem('conflict', `${cgroup.label} or a group above has a device program that allows no other beside it (EPERM)`, {
        cause: failure,
        remedy: 'Its owner attached it without BPF_F_ALLOW_MULTI; change devices through that owner.',
      });
    throw failure;
  }
}
