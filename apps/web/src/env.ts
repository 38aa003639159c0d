import { z } from 'zod';

/** What this program takes from its environment. */
const Environment = z.object({
  /** The file that holds the service's ServiceConfig. */
  BULKHEAD_CONFIG: z.string().optional(),
});

export const environment = Environment.parse(process.env);
