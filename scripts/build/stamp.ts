import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What a build step read when it last succeeded: `times` is compared first, `content` where a time moved. */
interface Stamp {
  times: string;
  content: string;
}

const outputDirectories = new Set(['node_modules', 'dist', '.next', '.turbo', 'generated']);

/** Every regular file below the given files and directories, in a fixed order; what builds write is left out. */
export function listInputs(paths: readonly string[]): string[] {
  const found: string[] = [];
  const visit = (path: string): void => {
    const status = statSync(path, { throwIfNoEntry: false });
    if (status === undefined) return;
    if (status.isFile()) {
      if (!path.endsWith('.test.ts') && !path.endsWith('.test.tsx') && !path.endsWith('next-env.d.ts')) found.push(path);
      return;
    }
    for (const name of readdirSync(path).sort()) if (!outputDirectories.has(name)) visit(join(path, name));
  };
  for (const path of paths) visit(path);
  return found;
}

function digestTimes(files: readonly string[], salt: string): string {
  const hash = createHash('sha256').update(salt);
  for (const file of files) {
    const { size, mtimeNs } = statSync(file, { bigint: true });
    hash.update(`${file}\0${size}\0${mtimeNs}\0`);
  }
  return hash.digest('hex');
}

function digestContent(root: string, files: readonly string[], salt: string): string {
  const hash = createHash('sha256').update(salt);
  for (const file of files)
    hash
      .update(`${file.slice(root.length)}\0`)
      .update(readFileSync(file))
      .update('\0');
  return hash.digest('hex');
}

/** Remembers, in one small file a step, which inputs the step's output was made from. */
export class StampFile {
  readonly #path: string;
  readonly #root: string;
  readonly #files: readonly string[];
  readonly #salt: string;

  /** `salt` stands for inputs that are no files: versions of tools, options. */
  constructor(options: { path: string; root: string; files: readonly string[]; salt: string }) {
    this.#path = options.path;
    this.#root = options.root;
    this.#files = options.files;
    this.#salt = options.salt;
  }

  isCurrent(): boolean {
    let stamp: Stamp;
    try {
      stamp = JSON.parse(readFileSync(this.#path, 'utf8')) as Stamp;
    } catch {
      return false;
    }
    const times = digestTimes(this.#files, this.#salt);
    if (stamp.times === times) return true;
    if (stamp.content !== digestContent(this.#root, this.#files, this.#salt)) return false;
    this.#write({ ...stamp, times });
    return true;
  }

  /** Call with what `snapshot` gave before the step ran, so that an edit during the step makes it run again. */
  record(stamp: Stamp): void {
    this.#write(stamp);
  }

  snapshot(): Stamp {
    return { times: digestTimes(this.#files, this.#salt), content: digestContent(this.#root, this.#files, this.#salt) };
  }

  #write(stamp: Stamp): void {
    mkdirSync(dirname(this.#path), { recursive: true });
    const fresh = `${this.#path}.${process.pid}`;
    writeFileSync(fresh, JSON.stringify(stamp));
    renameSync(fresh, this.#path);
  }
}
