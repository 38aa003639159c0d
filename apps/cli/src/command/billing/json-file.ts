import { readFileSync } from 'node:fs';
import { Problem } from '@bulkhead/model';

/** A file's bytes; `-` is standard input. Throws Problem `invalid` where it cannot be read. */
export function readFile(path: string): Buffer {
  try {
    return readFileSync(path === '-' ? 0 : path);
  } catch (cause) {
    throw new Problem('invalid', `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** The value in a JSON file. Throws Problem `invalid`. */
export function readJsonFile(path: string): unknown {
  const text = readFile(path).toString('utf8');
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Problem('invalid', `${path} is no JSON: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
