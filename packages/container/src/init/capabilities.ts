import { type CapabilityName, capabilityNames } from '@bulkhead/kernel';

/** What a container keeps, inside its user namespace; reads 00000000800405fb in /proc/<pid>/status. */
export const defaultCapabilities = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETPCAP',
  'CAP_SETFCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
] as const satisfies readonly CapabilityName[];

/** Capabilities as a bit mask (capabilities(7)). */
export function capabilityMask(names: readonly CapabilityName[]): bigint {
  return names.reduce((mask, name) => mask | (1n << BigInt(capabilityNames.indexOf(name))), 0n);
}
