/**
 * The syntax tree of a cgconfig.conf, as cgconfig.conf(5) and libcgroup's own grammar have it. Comments and blanks are
 * not part of it. Everything knows where it stands.
 */

/** Where something begins: line and column in characters, both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A name or value, without its quotation marks. */
export interface Word {
  readonly text: string;
  readonly at: Position;
}

/** `name = value;` */
export interface Assignment {
  readonly name: Word;
  readonly value: Word;
}

/** `cpu { cpu.shares = 200; }`: may be empty. */
export interface ControllerSection {
  readonly controller: Word;
  readonly settings: readonly Assignment[];
}

/** `perm { task { … } admin { … } }`, in either order. */
export interface Permissions {
  readonly at: Position;
  readonly first: 'task' | 'admin';
  readonly task: readonly Assignment[];
  readonly admin: readonly Assignment[];
}

/** A group, or the template of groups that cgrules.conf(5) makes on demand. */
export interface GroupSection {
  readonly kind: 'group' | 'template';
  readonly at: Position;
  readonly name: Word;
  /** Stands before the controllers, as the grammar wants it. */
  readonly permissions: Permissions | undefined;
  readonly controllers: readonly ControllerSection[];
}

/** Permissions of every group that has none of its own. */
export interface DefaultSection {
  readonly kind: 'default';
  readonly at: Position;
  readonly permissions: Permissions;
}

/** Where controllers are mounted, the group that their groups lie below, or a unit of systemd. */
export interface AssignmentsSection {
  readonly kind: 'mount' | 'namespace' | 'systemd';
  readonly at: Position;
  readonly assignments: readonly Assignment[];
}

export type Section = GroupSection | DefaultSection | AssignmentsSection;

export interface Config {
  readonly sections: readonly Section[];
}

/** Words of the grammar: as a name or value they must be quoted. `default` may name a group all the same. */
export const keywords = ['mount', 'task', 'admin', 'perm', 'group', 'namespace', 'template', 'systemd', 'default'] as const;
export type Keyword = (typeof keywords)[number];

/** What a word may be made of without quotation marks. */
export const bareWord = /[a-zA-Z0-9_\-/.,%@\\]/;

/** Bounds of what is read: a file as large as libcgroup's own largest sample passes, and some more. */
export const bounds = {
  textBytes: 512 * 1024,
  sections: 8192,
  /** Of one group, as CG_CONTROLLER_MAX in libcgroup. */
  controllers: 100,
  /** Of one controller, as CG_NV_MAX in libcgroup, and of every other list. */
  assignments: 100,
  wordCharacters: 4096,
} as const;
