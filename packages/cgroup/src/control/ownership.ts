import type { CgroupOwnership, CgroupVerb, Maker } from '@bulkhead/model';
import { type OwnedChange, ownerCommand } from './owner-command.ts';
import { type ProtectionFacts, protectionsOf } from './protection.ts';

/** When the owner writes again what was changed past it. */
function overwritingOf({ runtime }: Maker): string | undefined {
  switch (runtime) {
    case 'systemd':
    case 'systemd-nspawn':
      return 'systemd writes its own values again when the unit starts, at systemctl set-property, and at daemon-reload; what is set here holds until then.';
    case 'docker':
    case 'podman':
    case 'containerd':
      return `${runtime} writes its own values again at its next update of the container and when it starts anew; systemd, where it manages the scope, at daemon-reload.`;
    case 'cri-o':
      return 'The kubelet writes its own values again when it resizes or restarts the pod.';
    case 'lxc':
      return 'LXC writes its own values again when the container starts anew.';
    case 'bulkhead':
      return 'A container keeps it until it ends; its own limits are shown as drift from what was asked for.';
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
      `${path} is of the container ${maker.name} of this instance: it is changed through the container's own commands${command === undefined ? '' : ` (${command})`}.`,
    );
  // The root is the kernel's: whoever makes a group in it takes it from nobody.
  const isUnowned = maker.runtime === 'plain' || maker.runtime === 'kernel';
  return {
    maker,
    foreign,
    ...(command === undefined ? {} : { command }),
    ...(overwritten === undefined ? {} : { overwritten }),
    unknownToOwner: isUnowned ? [] : unknown,
    confirm: foreign && (!isUnowned || grave.has(verb)),
    protections,
  };
}
