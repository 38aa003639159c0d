import { readFileSync } from 'node:fs';
import { Problem, ServiceConfig } from '@bulkhead/model';
import { z } from 'zod';

/** What the web process needs of its ServiceConfig; the supervisor always writes these. */
export const WebConfig = ServiceConfig.extend({
  service: z.literal('web'),
  databaseUrl: z.string(),
  signingKeyFile: z.string(),
  authSecretFile: z.string(),
  listen: z.object({ address: z.string(), port: z.number().int().min(0).max(65_535) }),
});
export type WebConfig = z.infer<typeof WebConfig>;

/** Reads the configuration file. */
export function readConfig(file: string | undefined): WebConfig {
  if (file === undefined)
    throw new Problem('invalid', 'BULKHEAD_CONFIG names no file', { remedy: 'start the dashboard through ./bulkhead up' });
  const parsed = WebConfig.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (!parsed.success) throw new Problem('invalid', `${file} is no configuration of the web service: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
