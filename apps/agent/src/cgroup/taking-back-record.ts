import type { TakingBack } from '@bulkhead/cgroup';
import { z } from 'zod';

const group = { mountPoint: z.string(), path: z.string(), ino: z.string() };

/** What takes something back that was done to cgroups, as it is kept in a file. */
export const TakingBackRecord: z.ZodType<TakingBack> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('write'), ...group, file: z.string(), value: z.string() }),
  z.object({ kind: z.literal('devices'), ...group, value: z.string() }),
  z.object({ kind: z.literal('remove'), mountPoint: z.string(), path: z.string() }),
  z.object({ kind: z.literal('own'), path: z.string(), uid: z.number().int(), gid: z.number().int(), mode: z.number().int() }),
]);
