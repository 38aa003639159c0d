import type { NamespaceType } from '@bulkhead/model';
import { typeOfLink } from './namespace-types.ts';

/** A bind mount of a namespace. */
export interface NamespaceMount {
  ino: number;
  type: NamespaceType;
  /** As it is seen from the root of whoever was asked. */
  path: string;
}

const escapes = /\\([0-7]{3})/g;
const decode = (text: string): string =>
  text.includes('\\')
    ? Buffer.from(
        text.replace(escapes, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
        'latin1',
      ).toString('utf8')
    : Buffer.from(text, 'latin1').toString('utf8');

/** Lines of /proc/<pid>/mountinfo (proc_pid_mountinfo(5)) whose file system is nsfs. The same path is told once. */
export function parseNamespaceMounts(text: Buffer): NamespaceMount[] {
  const found = new Map<string, NamespaceMount>();
  if (!text.includes(' - nsfs ')) return [];
  for (const line of text.toString('latin1').split('\n')) {
    const separator = line.indexOf(' - nsfs ');
    if (separator < 0) continue;
    const [, , , root = '', target = ''] = line.slice(0, separator).split(' ');
    const link = /^([a-z]+):\[(\d+)\]$/.exec(root);
    const type = link === null ? undefined : typeOfLink(link[1] as string);
    if (type === undefined) continue;
    const path = decode(target);
    // Mounted over and over at one path, only the last can be seen.
    found.set(path, { ino: Number(link?.[2]), type, path });
  }
  return [...found.values()];
}
