/** Cgroup of a container's first process, below the container's own. Its further processes have `exec-<n>` beside it. */
export const initCgroup = (path: string): string => `${path}/${initName}`;
export const initName = 'init';
