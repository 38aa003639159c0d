import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { DoctorCheck } from '@bulkhead/model';
import { ServiceConfig } from '@bulkhead/model';
import { doctorText } from '@bulkhead/model/doctor-text';
import type { DoctorContext } from './context.ts';
import { asRoot, bad, type Finding, good, look, unknown } from './finding.ts';

interface Listener {
  address: string;
  port: number;
  inode: string;
}

const TCP_LISTEN = '0A';

/** An address as /proc/net/tcp writes it: words of four bytes, each in the machine's own order. */
function decodeAddress(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => [...Buffer.from(word, 'hex')].reverse());
  if (bytes.length === 4) return bytes.join('.');
  const mapped = bytes.slice(0, 12).join() === '0,0,0,0,0,0,0,0,0,0,255,255';
  return mapped
    ? bytes.slice(12).join('.')
    : bytes.every((byte, at) => byte === (at === 15 ? 1 : 0))
      ? '::1'
      : bytes.some((byte) => byte !== 0)
        ? 'other'
        : '::';
}

/** Sockets that wait for connections, out of /proc/net/tcp or tcp6 (proc_pid_net(5)). */
export function parseListeners(text: string): Listener[] {
  return text.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const [address, port] = (fields[1] ?? '').split(':');
    if (fields[3] !== TCP_LISTEN || address === undefined || port === undefined) return [];
    return [{ address: decodeAddress(address), port: Number.parseInt(port, 16), inode: fields[9] ?? '' }];
  });
}

const isAny = (address: string): boolean => address === '0.0.0.0' || address === '::';

/** True where one keeps the other from listening. */
export const collides = (listener: Pick<Listener, 'address' | 'port'>, wanted: { address: string; port: number }): boolean =>
  listener.port === wanted.port && (listener.address === wanted.address || isAny(listener.address) || isAny(wanted.address));

/** Name and pid of the process that has a socket open; undefined where that is not ours to see. */
function findOwner(inode: string): { pid: number; name: string } | undefined {
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const descriptors = readdirSync(`/proc/${entry}/fd`);
      if (descriptors.some((fd) => linkOf(`/proc/${entry}/fd/${fd}`) === `socket:[${inode}]`))
        return { pid: Number(entry), name: readFileSync(`/proc/${entry}/comm`, 'utf8').trim() };
    } catch {
      // It ended, or it is not ours to look into.
    }
  }
  return undefined;
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function readListeners(): Listener[] {
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => {
    try {
      return parseListeners(readFileSync(file, 'utf8'));
    } catch {
      return [];
    }
  });
}

/** What `up` told the dashboard; undefined where it never was up, or that is not ours to read. */
function configuredListen({ paths }: DoctorContext): { address: string; port: number } | undefined {
  if (paths === undefined) return undefined;
  try {
    return ServiceConfig.parse(JSON.parse(readFileSync(paths.config('web'), 'utf8'))).listen;
  } catch {
    return undefined;
  }
}

function judgePort(context: DoctorContext): Finding {
  const wanted = configuredListen(context) ?? context.listen;
  const place = `${wanted.address.includes(':') ? `[${wanted.address}]` : wanted.address}:${wanted.port}`;
  const found = readListeners().find((listener) => collides(listener, wanted));
  if (found === undefined) return good(doctorText('network.port.free', { place }));
  const owner = findOwner(found.inode);
  if (owner === undefined) return unknown(doctorText('network.port.hidden', { place }), asRoot);
  const configuration = context.paths?.config('web');
  const environment = readEnvironment(owner.pid);
  if (configuration !== undefined && environment.includes(`BULKHEAD_CONFIG=${configuration}`))
    return good(doctorText('network.port.served', { place, pid: owner.pid }));
  return bad(
    doctorText('network.port.taken', { place, ...owner }),
    doctorText('network.port.loss'),
    doctorText('network.port.other', { other: `${wanted.address}:${wanted.port + 1}` }),
  );
}

function readEnvironment(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

export const networkChecks = (context: DoctorContext): DoctorCheck[] => [look('network.port', () => judgePort(context))];
