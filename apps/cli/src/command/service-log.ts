import { open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { Problem, serviceNames } from '@bulkhead/model';
import { locateInstance } from '../instance/locate.ts';
import { print } from '../output/print.ts';
import { parseCount } from '../output/quantity.ts';

async function readFrom(path: string, from: number): Promise<{ bytes: Buffer; size: number; inode: number } | undefined> {
  try {
    await using file = await open(path, 'r');
    const { size, ino } = await file.stat();
    const start = Math.min(from, size);
    const bytes = Buffer.alloc(size - start);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
    return { bytes: bytes.subarray(0, bytesRead), size: start + bytesRead, inode: ino };
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'EACCES') throw new Problem('forbidden', `${path} is closed to you`, { remedy: 'run this as root', cause: failure });
    throw failure;
  }
}

/** `service logs NAME`: the last lines of a service's log; with --follow what comes, over rotations. */
export async function showServiceLog(stateDirectory: string, name: string, options: { follow?: boolean; lines: string }): Promise<void> {
  if (!(serviceNames as readonly string[]).includes(name))
    throw new Problem('invalid', `there is no service "${name}"`, { remedy: `there are ${serviceNames.join(', ')}` });
  const lines = parseCount('--lines', options.lines);
  const path = `${locateInstance(stateDirectory).paths.logs}/${name}.log`;
  let current = await readFrom(path, 0);
  if (current === undefined) throw new Problem('not-found', `${name} has written no log yet`);
  const text = current.bytes.toString('utf8');
  const all = text.split(/(?<=\n)/);
  print(all.slice(Math.max(0, all.length - lines)).join(''));
  while (options.follow === true) {
    await delay(300);
    const before: { size: number; inode: number } = current;
    let next = await readFrom(path, before.size);
    // Another file under the name, or a shorter one: it was rotated.
    if (next !== undefined && (next.inode !== before.inode || next.size < before.size)) next = await readFrom(path, 0);
    if (next === undefined) continue;
    print(next.bytes);
    current = next;
  }
}
