import { z } from 'zod';

/** What this program takes from its environment. */
const Environment = z.object({
  /** The file that holds the service's ServiceConfig. */
  BULKHEAD_CONFIG: z.string().optional(),
});

export const environment = Environment.parse(process.env);

/**
 * Hands Next the configuration that the build wrote down. Otherwise it would compile next.config.ts at every start, with
 * a compiler of 100 MB that unpacks itself into /tmp. Next takes it from its environment alone.
 */
export function takeBuiltConfiguration(config: object): void {
  process.env.__NEXT_PRIVATE_STANDALONE_CONFIG = JSON.stringify(config);
}
