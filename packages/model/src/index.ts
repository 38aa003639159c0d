/** The nouns of Bulkhead as zod schemas and types of the same name. Imports only zod; runs in a browser. */
export * from './cgroup.ts';
export * from './cgroup-control.ts';
export * from './cgroup-setting.ts';
export * from './container.ts';
export * from './container-runtimes.ts';
export * from './doctor.ts';
export * from './event.ts';
export * from './exit-code.ts';
export * from './host.ts';
export * from './instance.ts';
export * from './instance-paths.ts';
export * from './maker.ts';
export * from './namespace.ts';
export * from './primitives.ts';
export * from './problem.ts';
export * from './reading.ts';
export * from './user.ts';
