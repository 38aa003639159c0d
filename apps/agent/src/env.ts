import { Problem } from '@bulkhead/model';

/** The file with the agent's ServiceConfig. */
export function readConfigFile(): string {
  const file = process.env.BULKHEAD_CONFIG;
  if (!file) throw new Problem('invalid', 'BULKHEAD_CONFIG is not set', { remedy: 'the agent is started by `./bulkhead up`' });
  return file;
}
