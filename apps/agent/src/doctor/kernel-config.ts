import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { gunzipSync } from 'node:zlib';

/** `y`: built in, `m`: a module, `n`: neither. */
export type KernelOption = 'y' | 'm' | 'n';

function readConfig(): string | undefined {
  for (const [path, read] of [
    ['/proc/config.gz', (bytes: Buffer) => gunzipSync(bytes)],
    [`/boot/config-${release()}`, (bytes: Buffer) => bytes],
    [`/lib/modules/${release()}/config`, (bytes: Buffer) => bytes],
  ] as const) {
    try {
      return read(readFileSync(path)).toString('utf8');
    } catch {
      // The next place, then.
    }
  }
  return undefined;
}

/** Reads `CONFIG_NAME` out of a kernel's configuration. */
export function parseKernelOption(config: string, name: string): KernelOption {
  const value = new RegExp(`^CONFIG_${name}=([ym])$`, 'm').exec(config)?.[1];
  return value === 'y' || value === 'm' ? value : 'n';
}

let known: { text: string | undefined } | undefined;

/** How the running kernel was configured; undefined where that is written nowhere. */
export function kernelOption(name: string): KernelOption | undefined {
  known ??= { text: readConfig() };
  return known.text === undefined ? undefined : parseKernelOption(known.text, name);
}
