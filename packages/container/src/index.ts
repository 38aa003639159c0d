/** OCI lifecycle of containers: create, start, state, kill, delete, exec. The code of the forked child is in init/. */
export * from './types.ts';
