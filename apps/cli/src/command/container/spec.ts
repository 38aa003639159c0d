import type { ContainerSpecInput } from '@bulkhead/model';
import { Problem } from '@bulkhead/model';
import { readVariable } from '../../env.ts';
import { parseBytes, parseCount, parseCpuMillis } from '../../output/quantity.ts';
import { randomName } from './random-name.ts';

/** Options of `run` and `create` as commander gives them. */
export interface SpecOptions {
  name?: string;
  image: string;
  tenant?: string;
  memory?: string;
  cpus?: string;
  cpuWeight?: string;
  pids?: string;
  env?: string[];
  workdir?: string;
  user?: string;
  hostname?: string;
  tty?: boolean;
  interactive?: boolean;
  rm?: boolean;
  timeNamespace?: boolean;
}

/** `1000` or `1000:100`. Digits alone: names belong to the container's own files, and "1e3" or "-1" is no id. */
export function parseUser(text: string): { uid: number; gid: number } {
  const found = /^(\d{1,5})(?::(\d{1,5}))?$/.exec(text);
  const uid = Number(found?.[1]);
  const gid = Number(found?.[2] ?? found?.[1]);
  if (found === null || uid > 65_535 || gid > 65_535)
    throw new Problem('invalid', `--user: "${text}" is not a numeric user of the container; write it like 1000 or 1000:100 (0 to 65535)`);
  return { uid, gid };
}

/** `NAME=value`, or `NAME` for the value it has here. */
export function parseEnvironment(entries: readonly string[]): string[] {
  return entries.flatMap((entry) => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*(=|$)/.test(entry)) throw new Problem('invalid', `--env: "${entry}" does not look like NAME=value`);
    if (entry.includes('=')) return [entry];
    const value = readVariable(entry);
    return value === undefined ? [] : [`${entry}=${value}`];
  });
}

/** What was typed, as the agent wants it. Units are read here; bounds are the schema's. */
export function toContainerSpec(options: SpecOptions, args: readonly string[]): ContainerSpecInput {
  return {
    name: options.name ?? randomName(),
    image: options.image,
    args: [...args],
    ...(options.tenant === undefined ? {} : { tenantId: options.tenant }),
    env: parseEnvironment(options.env ?? []),
    ...(options.workdir === undefined ? {} : { cwd: options.workdir }),
    ...(options.hostname === undefined ? {} : { hostname: options.hostname }),
    ...(options.user === undefined ? {} : { user: parseUser(options.user) }),
    terminal: options.tty === true,
    stdin: options.interactive === true,
    autoRemove: options.rm === true,
    timeNamespace: options.timeNamespace === true,
    limits: {
      ...(options.memory === undefined ? {} : { memoryMaxBytes: parseBytes('--memory', options.memory) }),
      ...(options.cpus === undefined ? {} : { cpuMaxMillis: parseCpuMillis('--cpus', options.cpus) }),
      ...(options.cpuWeight === undefined ? {} : { cpuWeight: parseCount('--cpu-weight', options.cpuWeight) }),
      ...(options.pids === undefined ? {} : { pidsMax: parseCount('--pids', options.pids) }),
    },
  };
}
