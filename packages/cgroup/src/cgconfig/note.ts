import type { Position } from './syntax.ts';

/** What somebody must know of a configuration that is not wrong. Code and parameters, so that every language can say it. */
export type NoteDraft =
  /** A second section of a group adds to the first. */
  | { code: 'same-group'; params: { path: string; line: string } }
  | { code: 'template-without-variable'; params: { path: string } }
  /** `dperm` of `task`, `tuid`: libcgroup passes over it. */
  | { code: 'permission-without-effect'; params: { name: string; of: string } }
  /** The unit is systemd's to make. */
  | { code: 'systemd-section'; params: { slice: string; scope: string } };

export type Note = NoteDraft & { at: Position };
