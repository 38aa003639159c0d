/** The control plane's database: Prisma's client and every query, each held to a tenant scope by row-level security. */
export {
  assignmentsOf,
  assignPlan,
  endAssignments,
  listAccounts,
  readAccount,
  readIssuer,
  requireAccount,
  setAccount,
  setIssuer,
} from './billing/account.ts';
export { creditEntriesOf, grantCredit, readCredits } from './billing/credit.ts';
export * from './billing/invoice.ts';
export { addPlanVersion, listPlans, readPlan, versionsOf, withdrawPlanVersion } from './billing/plan.ts';
export { type CgroupHistoryPoint, type CgroupHistoryQuery, readCgroupHistory } from './cgroup-history.ts';
export { KnownCgroups } from './cgroup-ingest.ts';
export * from './cgroup-rollup.ts';
export { type ConservationQuery, listConservation } from './conservation.ts';
export { checkLedger, checkSince } from './conservation-check.ts';
export { findContainer, type HostContainer, listContainers, listPastContainers } from './container.ts';
export * from './cursor.ts';
export {
  createDatabase,
  type Database,
  type DatabaseOptions,
  inScope,
  isDatabaseAway,
  type TenantScope,
  type Transaction,
} from './database.ts';
export * from './event.ts';
export * from './history.ts';
export * from './host.ts';
export * from './ingest.ts';
export * from './ledger.ts';
export { reportUsage, type UsageSum } from './ledger-report.ts';
export { type RolledUp, rollUpUsage } from './ledger-rollup.ts';
export * from './own.ts';
export { findPostMortem, type RememberedContainer } from './post-mortem.ts';
export * from './reading-conflict.ts';
export * from './retention.ts';
export { KnownIncarnations } from './steadiness.ts';
export * from './storage.ts';
export * from './tenant.ts';
export * from './usage.ts';
export { addUser, listUsers, removeUser, resetUser, type UserWithLink } from './user.ts';
export { openUserLink, setPasswordByLink } from './user-link.ts';
