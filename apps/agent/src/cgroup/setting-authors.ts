import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CgroupSettingAuthor, type Subject } from '@bulkhead/model';
import { z } from 'zod';

/** Groups remembered, at most; the longest unset is forgotten first. */
const mostGroups = 5000;

const Remembered = z.object({ path: z.string(), incarnation: z.string(), authors: z.array(CgroupSettingAuthor) });
type Remembered = z.infer<typeof Remembered>;

/**
 * Who set which setting of which group last. Kept under /run beside the groups themselves, which end with the boot; a
 * group made anew at the same path begins without.
 */
export class SettingAuthors {
  readonly #file: string;
  readonly #groups = new Map<string, Remembered>();

  constructor(file: string) {
    this.#file = file;
    try {
      for (const group of z.array(Remembered).parse(JSON.parse(readFileSync(file, 'utf8')))) this.#groups.set(group.path, group);
    } catch {
      // The first life, or a file that a crash cut short: events still tell.
    }
  }

  note(path: string, incarnation: string, keys: readonly string[], subject: Subject): void {
    const known = this.#groups.get(path);
    const before = known?.incarnation === incarnation ? known.authors : [];
    const at = new Date().toISOString();
    const authors = [...before.filter(({ key }) => !keys.includes(key)), ...keys.map((key) => ({ key, at, subject }))];
    this.#groups.delete(path);
    this.#groups.set(path, { path, incarnation, authors });
    for (const oldest of this.#groups.keys()) {
      if (this.#groups.size <= mostGroups) break;
      this.#groups.delete(oldest);
    }
    this.#write();
  }

  of(path: string, incarnation: string): CgroupSettingAuthor[] {
    const found = this.#groups.get(path);
    return found?.incarnation === incarnation ? found.authors : [];
  }

  #write(): void {
    mkdirSync(dirname(this.#file), { recursive: true });
    writeFileSync(`${this.#file}.new`, JSON.stringify([...this.#groups.values()]), { mode: 0o600 });
    renameSync(`${this.#file}.new`, this.#file);
  }
}
