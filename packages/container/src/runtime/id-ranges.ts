import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { hasErrno } from '@bulkhead/kernel';
import { type InstanceName, Problem, TenantId } from '@bulkhead/model';
import { z } from 'zod';

/** Ids of one container: what a user namespace of a whole system wants. */
export const idsPerContainer = 65_536;
/** Containers one block of a tenant has room for. */
const containersPerBlock = 16;
const blockSize = idsPerContainer * containersPerBlock;
/** Far above what login.defs gives to users and to subordinate ids. */
const firstId = 0x4000_0000;
/** uid_t ends at 2^32 - 1, and the last values mean "none". */
const endOfIds = 0xffff_0000;

const File = z.record(TenantId, z.array(z.number().int().min(firstId).max(endOfIds)));
type File = z.infer<typeof File>;

/**
 * Host ids of containers: each tenant has blocks of its own, remembered in /etc/bulkhead/<instance>/id-ranges.json. A
 * block is never one that another instance of this host holds, nor one that /etc/subuid or /etc/subgid gives away.
 */
export class IdRanges {
  readonly #directory: string;
  readonly #file: string;
  #blocks: File;

  constructor(instance: InstanceName, root = '/etc/bulkhead') {
    this.#directory = root;
    this.#file = `${root}/${instance}/id-ranges.json`;
    this.#blocks = existsSync(this.#file) ? File.parse(JSON.parse(readFileSync(this.#file, 'utf8'))) : {};
  }

  /**
   * First id of a range for one more container of a tenant.
   *
   * @param taken first ids in use now
   * @throws Problem 'exhausted' where the host has no ids left
   */
  allocate(tenantId: string, taken: ReadonlySet<number>): number {
    for (const block of this.#blocks[tenantId] ?? []) {
      for (let slot = 0; slot < containersPerBlock; slot += 1) {
        const hostId = block + slot * idsPerContainer;
        if (!taken.has(hostId)) return hostId;
      }
    }
    return this.#addBlock(tenantId);
  }

  #addBlock(tenantId: string): number {
    const reserved = [...this.#otherInstances(), ...Object.values(this.#blocks).flat()].map((begin) => ({ begin, end: begin + blockSize }));
    const foreign = [...reserved, ...subordinateRanges('/etc/subuid'), ...subordinateRanges('/etc/subgid')];
    for (let begin = firstId; begin + blockSize <= endOfIds; begin += blockSize) {
      if (foreign.some((range) => range.begin < begin + blockSize && begin < range.end)) continue;
      this.#blocks = { ...this.#blocks, [tenantId]: [...(this.#blocks[tenantId] ?? []), begin] };
      this.#save();
      return begin;
    }
    throw new Problem('exhausted', 'this host has no range of user ids left for another container', {
      remedy: 'remove containers, or instances below /etc/bulkhead that are not used any more',
    });
  }

  #otherInstances(): number[] {
    return unlessGone(() => readdirSync(this.#directory)).flatMap((instance) => {
      const file = `${this.#directory}/${instance}/id-ranges.json`;
      return file === this.#file ? [] : unlessGone(() => Object.values(File.parse(JSON.parse(readFileSync(file, 'utf8')))).flat());
    });
  }

  #save(): void {
    mkdirSync(this.#file.slice(0, this.#file.lastIndexOf('/')), { recursive: true, mode: 0o755 });
    writeFileSync(`${this.#file}.new`, `${JSON.stringify(this.#blocks, null, 2)}\n`, { mode: 0o644, flush: true });
    renameSync(`${this.#file}.new`, this.#file);
  }
}

/** Another instance may be purged at any moment. */
function unlessGone<T>(read: () => T[]): T[] {
  try {
    return read();
  } catch (failure) {
    if (hasErrno(failure, 'ENOENT', 'ENOTDIR')) return [];
    throw failure;
  }
}

/** Ranges of a subuid(5) or subgid(5) file; a line of another form is skipped, as shadow does. */
function subordinateRanges(path: string): { begin: number; end: number }[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, begin, count] = line.split(':').map(Number);
      return begin === undefined || count === undefined || !Number.isFinite(begin) || !Number.isFinite(count)
        ? []
        : [{ begin, end: begin + count }];
    });
}
