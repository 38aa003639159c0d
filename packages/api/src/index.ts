/** tRPC contracts: input and output schemas, permission and scope of each procedure, and the router that enforces them. */
export * from './agent.ts';
export * from './billing.ts';
export * from './cgroup.ts';
export { cgroupConfigContract } from './cgroup-config.ts';
export * from './cgroup-control.ts';
export * from './contract.ts';
export * from './control.ts';
export * from './doctor.ts';
export * from './error.ts';
export * from './lab.ts';
export * from './ledger.ts';
export * from './namespace.ts';
export * from './namespace-scope.ts';
export * from './permission.ts';
