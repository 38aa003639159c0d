/** The control plane's database: Prisma's client and every query, each held to a tenant scope by row-level security. */
export { type CgroupHistoryPoint, type CgroupHistoryQuery, readCgroupHistory } from './cgroup-history.ts';
export { KnownCgroups } from './cgroup-ingest.ts';
export * from './cgroup-rollup.ts';
export * from './container.ts';
export * from './cursor.ts';
export { createDatabase, type Database, type DatabaseOptions, isDatabaseAway, type TenantScope } from './database.ts';
export * from './event.ts';
export * from './history.ts';
export * from './host.ts';
export * from './ingest.ts';
export * from './reading-conflict.ts';
export * from './retention.ts';
export { KnownIncarnations } from './steadiness.ts';
export * from './storage.ts';
export * from './tenant.ts';
export * from './usage.ts';
export { addUser, listUsers, removeUser, resetUser, type UserWithLink } from './user.ts';
export { openUserLink, setPasswordByLink } from './user-link.ts';
