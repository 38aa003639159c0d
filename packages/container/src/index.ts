/** OCI lifecycle of containers: create, start, state, kill, delete, exec. The code of the forked child is in init/. */

export { createContainerRuntime } from './runtime/runtime.ts';
export * from './types.ts';
