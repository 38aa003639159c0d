import { readFileSync } from 'node:fs';
import type { DoctorCheck } from '@bulkhead/model';
import { doctorText } from '@bulkhead/model/doctor-text';
import { asIs, asRoot, attention, bad, type Finding, good, look, unknown } from './finding.ts';
import { readKernelText } from './text-file.ts';

/** Names by bit (include/uapi/linux/capability.h), without their CAP_. */
const capabilityNames = [
  ...['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP', 'LINUX_IMMUTABLE'],
  ...['NET_BIND_SERVICE', 'NET_BROADCAST', 'NET_ADMIN', 'NET_RAW', 'IPC_LOCK', 'IPC_OWNER', 'SYS_MODULE', 'SYS_RAWIO', 'SYS_CHROOT'],
  ...['SYS_PTRACE', 'SYS_PACCT', 'SYS_ADMIN', 'SYS_BOOT', 'SYS_NICE', 'SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'MKNOD', 'LEASE'],
  ...['AUDIT_WRITE', 'AUDIT_CONTROL', 'SETFCAP', 'MAC_OVERRIDE', 'MAC_ADMIN', 'SYSLOG', 'WAKE_ALARM', 'BLOCK_SUSPEND', 'AUDIT_READ'],
  ...['PERFMON', 'BPF', 'CHECKPOINT_RESTORE'],
];

/** Without any of these no container can be made. */
const indispensable = new Set([
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'KILL',
  'SETGID',
  'SETUID',
  'SETPCAP',
  'NET_ADMIN',
  'SYS_ADMIN',
  'SYS_CHROOT',
  'SYS_PTRACE',
  'MKNOD',
  'SETFCAP',
]);

/** @param last highest bit that the kernel knows */
export function missingCapabilities(mask: bigint, last: number): string[] {
  return capabilityNames.filter((_, bit) => bit <= last && (mask >> BigInt(bit)) % 2n === 0n);
}

export function judgeCapabilities(isRoot: boolean, mask: bigint, last: number): Finding {
  if (!isRoot) return unknown(doctorText('privilege.capabilities.not-yours'), asRoot);
  const missing = missingCapabilities(mask, last);
  if (missing.length === 0) return good(doctorText('privilege.capabilities.all'));
  const found = doctorText('privilege.capabilities.lacks', { capabilities: missing.map((name) => `CAP_${name}`).join(', ') });
  if (missing.some((name) => indispensable.has(name)))
    return bad(found, doctorText('privilege.capabilities.loss'), doctorText('privilege.capabilities.get'));
  if (missing.includes('SYS_RESOURCE'))
    return attention(found, doctorText('privilege.capabilities.resource-loss'), doctorText('privilege.capabilities.resource-get'));
  return good(found);
}

/** Mounts that hide a part of /proc: the kernel then refuses a new one in a container (EPERM). */
export function coversOfProc(mountinfo: string): string[] {
  return mountinfo
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => point.startsWith('/proc/') && point !== '/proc/sys/fs/binfmt_misc');
}

function judgeSecurityModules(): Finding {
  const text = readKernelText('/sys/kernel/security/lsm');
  if (text === undefined) return unknown(doctorText('privilege.lsm.hidden'), doctorText('privilege.lsm.mount'));
  if (/\[(?:integrity|confidentiality)\]/.test(readKernelText('/sys/kernel/security/lockdown') ?? ''))
    return attention(doctorText('privilege.lsm.locked', { modules: text }), doctorText('privilege.lsm.locked-loss'));
  return good(readKernelText('/sys/fs/selinux/enforce') === '1' ? doctorText('privilege.lsm.selinux', { modules: text }) : asIs(text));
}

export const privilegeChecks = (): DoctorCheck[] => [
  look('privilege.root', () =>
    process.geteuid?.() === 0
      ? good(doctorText('privilege.root'))
      : unknown(doctorText('privilege.root.not', { uid: process.geteuid?.() ?? '?' }), asRoot),
  ),
  look('privilege.capabilities', () => {
    const mask = /^CapEff:\s+([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
    const last = Number(readKernelText('/proc/sys/kernel/cap_last_cap') ?? capabilityNames.length - 1);
    return judgeCapabilities(process.geteuid?.() === 0, BigInt(`0x${mask}`), last);
  }),
  look('privilege.proc', () => {
    const covers = coversOfProc(readFileSync('/proc/self/mountinfo', 'utf8'));
    if (covers.length === 0) return good(doctorText('privilege.proc.whole'));
    return bad(
      doctorText('privilege.proc.covered', { mounts: covers.slice(0, 5).join(', ') }),
      doctorText('privilege.proc.loss'),
      doctorText('privilege.proc.uncover', { mount: covers[0] ?? '' }),
    );
  }),
  look('privilege.lsm', judgeSecurityModules),
];
