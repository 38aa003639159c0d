import { z } from 'zod';

/** Who asked. */
export const Subject = z.object({
  kind: z.enum(['local-root', 'user', 'service']),
  /** User id in the control plane, service name, or uid of the local caller. */
  id: z.string().max(128),
  name: z.string().max(256),
});
export type Subject = z.infer<typeof Subject>;
