import { Problem } from '@bulkhead/model';

/** The file with the collector's ServiceConfig. */
export function readConfigFile(): string {
  const file = process.env.BULKHEAD_CONFIG;
  if (!file) throw new Problem('invalid', 'BULKHEAD_CONFIG is not set');
  return file;
}
