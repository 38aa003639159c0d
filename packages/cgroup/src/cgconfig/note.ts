import type { Position } from './syntax.ts';

/** What somebody must know of a configuration that is not wrong. Code and parameters, so that every language can say it. */
export type NoteDraft =
  /** A second section of a group adds to the first. */
  | { code: 'same-group'; params: { path: string; line: string } }
  | { code: 'template-without-variable'; params: { path: string } }
  /** `dperm` of `task`, `tuid`: libcgroup passes over it. */
  | { code: 'permission-without-effect'; params: { name: string; of: string } }
  /** A version that cannot do it, or only otherwise. */
  | { code: 'no-equivalent' | 'unknown-file' | 'read-only' | 'approximate'; params: { file: string; reason: string } }
  /** v2 has no such controller: its core does it, or nothing. */
  | { code: 'controller-of-v1'; params: { controller: string } }
  /** v1 has no group without a controller. */
  | { code: 'no-controller'; params: { path: string } }
  /** v2 has no tasks file: cgroup.procs and cgroup.threads are given to whom it is. */
  | { code: 'task-on-v2'; params: Record<never, string> }
  /** Bulkhead mounts nothing. */
  | { code: 'mount-as-wanted' | 'mount-missing' | 'mount-unified'; params: { names: string; mountPoint: string } }
  | { code: 'mount-elsewhere'; params: { names: string; mountPoint: string; mounted: string } }
  /** The unit is systemd's to make. */
  | { code: 'systemd-section'; params: { slice: string; scope: string } };

export type Note = NoteDraft & { at: Position };
