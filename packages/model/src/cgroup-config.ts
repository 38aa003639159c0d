import { z } from 'zod';
import { CgroupPath } from './cgroup.ts';
import { longestCgroupConfig } from './cgroup-config-size.ts';
import { Timestamp } from './primitives.ts';

/** Name of a stored configuration: its file is called so, with `.conf` behind. */
export const CgroupConfigName = z
  .string()
  .regex(
    /^[a-zA-Z0-9](?:[a-zA-Z0-9_.-]{0,61}[a-zA-Z0-9])?$/,
    'must be 1 to 63 letters, digits, "_", "." and "-", and begin and end with a letter or digit',
  );
export type CgroupConfigName = z.infer<typeof CgroupConfigName>;

export const CgroupConfigText = z.string().max(longestCgroupConfig);

/** Where in a text something stands: line and column in characters, both from 1. */
const Place = { line: z.number().int().positive(), column: z.number().int().positive() };

/** What is wrong in a text. While there is one, nothing can be done. */
export const CgroupConfigFault = z.object({
  ...Place,
  message: z.string(),
  /** The line, cut around the place where it is long. */
  excerpt: z.string(),
  /** Blanks and a caret, to be shown below it in a font of one width. */
  caret: z.string(),
});
export type CgroupConfigFault = z.infer<typeof CgroupConfigFault>;

/** What a person should know that is not wrong; `params` for the sentence of another language. */
export const CgroupConfigNote = z.object({
  ...Place,
  code: z.enum([
    'same-group',
    'template-without-variable',
    'permission-without-effect',
    'no-equivalent',
    'unknown-file',
    'read-only',
    'approximate',
    'controller-of-v1',
    'no-controller',
    'task-on-v2',
    'mount-as-wanted',
    'mount-missing',
    'mount-unified',
    'mount-elsewhere',
    'systemd-section',
    'impossible',
  ]),
  params: z.record(z.string(), z.string()),
});
export type CgroupConfigNote = z.infer<typeof CgroupConfigNote>;

export const CgroupConfigWrite = z.object({
  /** Lines of the text that ask for it. */
  lines: z.array(z.number().int().positive()),
  controller: z.string(),
  file: z.string(),
  value: z.string(),
  /** What stands there now; absent where nothing does. */
  before: z.string().optional(),
  /** How the words of the text became those of this version; absent where they are its own. */
  formula: z.string().optional(),
});
export type CgroupConfigWrite = z.infer<typeof CgroupConfigWrite>;

const Owner = z.object({
  uid: z.number().int().optional(),
  gid: z.number().int().optional(),
  fperm: z.string().optional(),
  dperm: z.string().optional(),
});

/** A group as one version would have it. */
export const CgroupConfigGroup = z.object({
  ...Place,
  path: CgroupPath,
  controllers: z.array(z.string()),
  /** True where this host has these controllers under this version: it is done when the text is applied. */
  here: z.boolean(),
  /** Controllers in whose hierarchy it is to be made. */
  missing: z.array(z.string()),
  writes: z.array(CgroupConfigWrite),
  /** Files that hold already what they are to hold. */
  same: z.array(z.object({ line: z.number().int().positive(), file: z.string(), value: z.string() })),
  /** Who may move processes, and who may set limits; modes in octal. */
  permissions: z.object({ task: Owner, admin: Owner }).optional(),
  notes: z.array(CgroupConfigNote),
});
export type CgroupConfigGroup = z.infer<typeof CgroupConfigGroup>;

export const CgroupConfigSide = z.object({ groups: z.array(CgroupConfigGroup) });
export type CgroupConfigSide = z.infer<typeof CgroupConfigSide>;

/** What a configuration is on both versions, and what it would change here. */
export const CgroupConfigPreview = z.object({
  faults: z.array(CgroupConfigFault).max(100),
  notes: z.array(CgroupConfigNote),
  /** Both absent where the text cannot be read at all. */
  v1: CgroupConfigSide.optional(),
  v2: CgroupConfigSide.optional(),
  templates: z.array(z.object({ ...Place, path: z.string(), controllers: z.array(z.string()) })),
  /** What applying would do here, in order; none where all is so already. */
  steps: z.array(z.object({ line: z.number().int().positive(), text: z.string() })),
  /** Groups that are somebody else's, and what applying does to them. */
  foreign: z.array(z.object({ path: CgroupPath, owner: z.string(), command: z.string().optional() })),
  /** Why it may not be done by who asks: the host's policy, or what the host lives by. */
  refusals: z.array(z.string()),
  /** Groups that the stored configuration of this name made and this one no longer names: removed where they are empty. */
  obsolete: z.array(z.object({ path: CgroupPath, controllers: z.array(z.string()) })),
});
export type CgroupConfigPreview = z.infer<typeof CgroupConfigPreview>;

/** A configuration that is kept, and applied again after each boot. */
export const CgroupConfigEntry = z.object({
  name: CgroupConfigName,
  /** Where its text is on the host. */
  file: z.string(),
  text: CgroupConfigText,
  importedAt: Timestamp.optional(),
  importedBy: z.string().optional(),
  /** When it was applied in this boot; absent where it is not in force. */
  appliedAt: Timestamp.optional(),
  /** Why it is not in force. */
  trouble: z.string().optional(),
  /** Groups that it made, and that are there. */
  made: z.array(z.object({ path: CgroupPath, controllers: z.array(z.string()) })),
});
export type CgroupConfigEntry = z.infer<typeof CgroupConfigEntry>;
