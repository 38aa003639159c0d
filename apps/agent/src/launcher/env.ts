import { readFileSync } from 'node:fs';
import { Problem, ServiceConfig } from '@bulkhead/model';

/** Reads the launcher's configuration from the file that BULKHEAD_CONFIG names. */
export function readConfig(): ServiceConfig {
  const file = process.env.BULKHEAD_CONFIG;
  if (file === undefined)
    throw new Problem('invalid', 'BULKHEAD_CONFIG names no file', { remedy: 'the launcher is started by `./bulkhead up`' });
  return ServiceConfig.parse(JSON.parse(readFileSync(file, 'utf8')));
}

/** The environment as execve(2) takes it, for the program that replaces this one. */
export function ownEnvironment(): string[] {
  return Object.entries(process.env).map(([key, value]) => `${key}=${value ?? ''}`);
}
