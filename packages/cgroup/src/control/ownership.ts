import { type CgroupOwnership, type CgroupText, type CgroupVerb, cgroupText, type Maker, tellCgroup } from '@bulkhead/model';
import { type OwnedChange, ownerCommand } from './owner-command.ts';
import { type ProtectionFacts, protectionsOf } from './protection.ts';

/** When the owner writes again what was changed past it. */
function overwritingOf({ runtime }: Maker): CgroupText | undefined {
  switch (runtime) {
    case 'systemd':
    case 'systemd-nspawn':
      return cgroupText('overwritten.systemd');
    case 'docker':
    case 'podman':
    case 'containerd':
      return cgroupText('overwritten.engine', { runtime });
    case 'cri-o':
    case 'lxc':
    case 'bulkhead':
      return cgroupText(`overwritten.${runtime}`);
    default:
      return undefined;
  }
}

/** Verbs that end or stop what nobody is known to own: a person is asked all the same. */
const grave: ReadonlySet<CgroupVerb> = new Set(['kill', 'remove', 'freeze']);

export interface OwnershipFacts extends ProtectionFacts {
  maker: Maker;
  /** With a slash before it. */
  path: string;
  verb: CgroupVerb;
  /** With their canonical values. */
  changes?: readonly OwnedChange[];
}

/** Whose a group is, the owner's own command, what will become of the change, and why it should not be made by a slip. */
export function ownershipOf({ maker, path, verb, changes = [], ...facts }: OwnershipFacts): CgroupOwnership {
  const foreign = maker.runtime !== 'bulkhead' || maker.instance !== undefined;
  const { command, unknown } = ownerCommand(maker, path, verb, changes);
  const overwritten = overwritingOf(maker);
  const protections = protectionsOf(verb, path, changes, facts);
  if (maker.containerId !== undefined)
    protections.push(
      command === undefined
        ? cgroupText('protected.container', { path, name: maker.name })
        : cgroupText('protected.container.command', { path, name: maker.name, command }),
    );
  // The root is the kernel's: whoever makes a group in it takes it from nobody.
  const isUnowned = maker.runtime === 'plain' || maker.runtime === 'kernel';
  return {
    maker,
    foreign,
    ...(command === undefined ? {} : { command }),
    ...(overwritten === undefined ? {} : { overwritten: tellCgroup(overwritten, 'en'), overwrittenTold: overwritten }),
    unknownToOwner: isUnowned ? [] : unknown,
    confirm: foreign && (!isUnowned || grave.has(verb)),
    protections: protections.map((protection) => tellCgroup(protection, 'en')),
    protectionsTold: protections,
  };
}
