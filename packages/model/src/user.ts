import { z } from 'zod';
import { TenantId, Timestamp } from './primitives.ts';

/** A user's email, name or id, as people type it. */
export const UserReference = z.string().trim().min(1).max(254);
export type UserReference = z.infer<typeof UserReference>;

export const UserName = z.string().trim().min(1).max(100);
export const UserEmail = z.email().max(254);
/** The bounds that sign-in holds passwords to. */
export const Password = z.string().min(12).max(128);

/** Somebody who may sign in to the dashboard. */
export const User = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string(),
  role: z.enum(['administrator', 'member']),
  /** Tenants whose objects it sees; an administrator sees all. */
  tenants: z.union([z.literal('all'), z.array(TenantId)]),
  createdAt: Timestamp,
  /** False until the first link was used. */
  hasPassword: z.boolean(),
  /** Sessions that have not ended. */
  sessions: z.number().int().nonnegative(),
  /** Until when its one-time link works, where there is one. */
  linkExpiresAt: Timestamp.optional(),
});
export type User = z.infer<typeof User>;

/** A one-time link that sets a user's password. The token is told once and kept nowhere. */
export const UserLink = z.object({ token: z.string(), expiresAt: Timestamp });
export type UserLink = z.infer<typeof UserLink>;
