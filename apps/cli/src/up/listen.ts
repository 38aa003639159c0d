import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer, isIP } from 'node:net';
import { hostname } from 'node:os';
import { Problem } from '@bulkhead/model';

export interface ListenAddress {
  address: string;
  port: number;
}

/** `127.0.0.1:8470`, `[::1]:8470`, `8470`, `0.0.0.0:443`. */
export function parseListen(text: string): ListenAddress {
  const wrong = () =>
    new Problem('invalid', `--listen: "${text}" is no address and port`, {
      remedy: 'write it like 127.0.0.1:8470, [::1]:8470 or 0.0.0.0:8470',
    });
  const found = /^(?:(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):)?(\d{1,5})$/.exec(text.trim());
  if (found === null) throw wrong();
  const [, ipv6, name, portText] = found;
  const port = Number(portText);
  const given = ipv6 ?? name ?? '';
  const address = given === '' || given === 'localhost' ? '127.0.0.1' : given;
  if (isIP(address) === 0 || port > 65_535) throw wrong();
  return { address, port };
}

/** True where nobody but this machine can connect. */
export const isLoopback = ({ address }: ListenAddress): boolean =>
  address === '::1' || /^127\./.test(address) || /^::ffff:127\./i.test(address);

const isWildcard = ({ address }: ListenAddress): boolean => address === '0.0.0.0' || address === '::';

/** What a person types into a browser. */
export function urlOf(listen: ListenAddress): string {
  const host = isWildcard(listen) ? hostname() : isIP(listen.address) === 6 ? `[${listen.address}]` : listen.address;
  return `${isLoopback(listen) ? 'http' : 'https'}://${host}:${listen.port}`;
}

/** Who holds a TCP port: from the inode in /proc/net/tcp to the process that has the socket open. */
function findHolder(port: number): string | undefined {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const inodes = new Set<string>();
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    try {
      for (const line of readFileSync(file, 'utf8').split('\n').slice(1)) {
        const fields = line.trim().split(/\s+/);
        if (fields[1]?.endsWith(`:${hex}`) && fields[3] === '0A' && fields[9] !== undefined) inodes.add(`socket:[${fields[9]}]`);
      }
    } catch {
      // No IPv6 here.
    }
  }
  if (inodes.size === 0) return undefined;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
        if (!inodes.has(readlinkSync(`/proc/${pid}/fd/${descriptor}`))) continue;
        return `${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()}, process ${pid}`;
      }
    } catch {
      // It ended while we looked.
    }
  }
  return undefined;
}

/** Tries the address before anything is started; port 0 becomes a free one. */
export async function reserveListen(wanted: ListenAddress): Promise<ListenAddress> {
  const server = createServer();
  return new Promise<ListenAddress>((resolve, reject) => {
    server.once('error', (failure: NodeJS.ErrnoException) => {
      const where = `${wanted.address}:${wanted.port}`;
      if (failure.code === 'EADDRINUSE') {
        const holder = findHolder(wanted.port);
        reject(
          new Problem('conflict', `port ${wanted.port} of ${wanted.address} is taken${holder === undefined ? '' : ` by ${holder}`}`, {
            remedy: 'end that, or choose another: --listen 127.0.0.1:8471',
          }),
        );
      } else if (failure.code === 'EADDRNOTAVAIL')
        reject(
          new Problem('invalid', `--listen: ${wanted.address} is no address of this machine`, {
            remedy: '`ip addr` lists them; 0.0.0.0 is all',
          }),
        );
      else reject(new Problem('internal', `cannot listen on ${where}: ${failure.message}`, { cause: failure }));
    });
    server.listen({ host: wanted.address, port: wanted.port, exclusive: true }, () => {
      const bound = server.address();
      const port = bound !== null && typeof bound === 'object' ? bound.port : wanted.port;
      server.close(() => resolve({ address: wanted.address, port }));
    });
  });
}
