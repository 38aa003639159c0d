import { type Accounts, resolveId } from './accounts.ts';
import { ConfigError } from './config-error.ts';
import type { Note, NoteDraft } from './note.ts';
import type { Assignment, AssignmentsSection, Config, GroupSection, Permissions, Position, Word } from './syntax.ts';

/** Owner and mode of files; what is absent is root's, or as the kernel made it. */
export interface Ownership {
  uid?: number;
  gid?: number;
  /** Mode of files, cut to what their owner may do anyway. */
  fperm?: number;
  /** Mode of the directory, cut likewise. */
  dperm?: number;
}

/** Who may move processes into a group (`task`) and who may set its limits and make groups below it (`admin`). */
export interface GroupPermissions {
  task: Ownership;
  admin: Ownership;
  at: Position;
}

/** `cpu.shares = 200;` of one group and controller. */
export interface FileIntent {
  controller: string;
  file: string;
  value: string;
  /** Where its name stands. */
  at: Position;
  valueAt: Position;
}

export interface ControllerIntent {
  name: string;
  at: Position;
}

/** What a file wants of one group, whatever the version: sections of the same name are one. */
export interface GroupIntent {
  /** From the hierarchy's root, or from the namespace where its controller has one; `/` is the root. */
  path: string;
  at: Position;
  permissions: GroupPermissions | undefined;
  controllers: ControllerIntent[];
  /** In the order of the file. Of a file that is set twice, the later one. */
  files: FileIntent[];
}

export interface TemplateIntent extends GroupIntent {
  /** With its variables: `/students/%u`. */
  path: string;
}

export interface MountIntent {
  /** Controllers and named hierarchies (`name=systemd`) that share the mount point. */
  names: string[];
  mountPoint: string;
  at: Position;
}

/** Everything a file means that no kernel is needed to know. */
export interface Intent {
  groups: GroupIntent[];
  templates: TemplateIntent[];
  mounts: MountIntent[];
  /** Path of the group that all groups of a controller lie below, from `/`. */
  namespaces: Map<string, { path: string; at: Position }>;
  systemd: AssignmentsSection[];
  /** What is wrong: while there is one, nothing is done. */
  faults: ConfigError[];
  notes: Note[];
}

const variables = /%[uUgGpP]/;

/** Options of mount(8) that stand among the controllers of a mount section. */
const mountOptions = new Set(['nodev', 'noexec', 'nosuid']);

/** What libcgroup checks of a unit before it asks systemd. */
const systemdSettings = new Map<string, (value: string) => boolean>([
  ['slice', (value) => value.endsWith('.slice') && value !== '.slice'],
  ['scope', (value) => value.endsWith('.scope') && value !== '.scope'],
  ['setdefault', (value) => value.toLowerCase() === 'yes'],
  ['pid', (value) => /^\d{1,7}$/.test(value) && Number(value) > 1],
]);

class Reader {
  readonly #text: string;
  readonly #accounts: Accounts;
  readonly intent: Intent = { groups: [], templates: [], mounts: [], namespaces: new Map(), systemd: [], faults: [], notes: [] };
  /** Groups and templates without permissions of their own get these; of several sections the last counts. */
  #default: GroupPermissions | undefined;

  constructor(text: string, accounts: Accounts) {
    this.#text = text;
    this.#accounts = accounts;
  }

  #fault(at: Position, what: string): void {
    this.intent.faults.push(new ConfigError(this.#text, at, what));
  }

  #note(at: Position, draft: NoteDraft): void {
    this.intent.notes.push({ at, ...draft });
  }

  read(config: Config): Intent {
    for (const section of config.sections)
      switch (section.kind) {
        case 'group':
          this.#group(section);
          break;
        case 'template':
          this.#template(section);
          break;
        case 'default':
          this.#default = this.#permissions(section.permissions);
          break;
        case 'mount':
          for (const assignment of section.assignments) this.#mount(assignment);
          break;
        case 'namespace':
          for (const assignment of section.assignments) this.#namespace(assignment);
          break;
        case 'systemd':
          this.#systemd(section);
          break;
        default:
      }
    const [mount] = this.intent.mounts;
    const [namespace] = this.intent.namespaces.values();
    if (mount !== undefined && namespace !== undefined)
      this.#fault(namespace.at, `a file may have mount or namespace sections, not both (mount: line ${mount.at.line})`);
    for (const group of this.intent.groups) group.permissions = merge(group.permissions, this.#default);
    return this.intent;
  }

  /** A name as a path from `/`; undefined, with a fault, where it is none. */
  #path({ text, at }: Word): string | undefined {
    const parts = text.split('/').filter((part) => part !== '' && part !== '.');
    if (text === '') this.#fault(at, 'the name of a group is empty');
    else if (parts.includes('..')) this.#fault(at, `${JSON.stringify(text)} leads out of the hierarchy: ".." is no group`);
    else if (parts.some((part) => Buffer.byteLength(part) > 255)) this.#fault(at, 'a part of this name is longer than 255 bytes');
    else if (Buffer.byteLength(text) > 3000) this.#fault(at, 'this name is longer than 3000 bytes');
    else if (parts.length > 32) this.#fault(at, 'this name lies deeper than 32 groups');
    else if (parts.some((part) => /\n/.test(part))) this.#fault(at, 'the name of a group may not contain a line end');
    else return `/${parts.join('/')}`;
    return undefined;
  }

  #group(section: GroupSection): void {
    const path = this.#path(section.name);
    const group = this.#content(section, path ?? '/');
    if (path === undefined) return;
    const before = this.intent.groups.find((each) => each.path === path);
    if (before === undefined) {
      this.intent.groups.push(group);
      return;
    }
    this.#note(section.at, { code: 'same-group', params: { path, line: String(before.at.line) } });
    before.permissions = group.permissions ?? before.permissions;
    before.controllers.push(...group.controllers.filter(({ name }) => !before.controllers.some((each) => each.name === name)));
    before.files = [...before.files.filter(({ file }) => !group.files.some((each) => each.file === file)), ...group.files];
  }

  #template(section: GroupSection): void {
    const path = this.#path(section.name);
    const content = this.#content(section, path ?? '/');
    if (path === undefined) return;
    if (!variables.test(path)) this.#note(section.name.at, { code: 'template-without-variable', params: { path } });
    this.intent.templates.push({ ...content, path });
  }

  #content(section: GroupSection, path: string): GroupIntent {
    const files: FileIntent[] = [];
    for (const { controller, settings } of section.controllers)
      for (const { name, value } of settings) {
        const before = files.find(({ file }) => file === name.text);
        if (name.text === '' || name.text.includes('/') || name.text === '.' || name.text === '..')
          this.#fault(name.at, `${JSON.stringify(name.text)} is not the name of a file of a group`);
        else if (before !== undefined) this.#fault(name.at, `${name.text} is set for this group already, in line ${before.at.line}`);
        else if (value.text.trim() === '') this.#fault(value.at, `the value of ${name.text} is empty`);
        else files.push({ controller: controller.text, file: name.text, value: value.text, at: name.at, valueAt: value.at });
      }
    return {
      path,
      at: section.at,
      permissions: section.permissions === undefined ? undefined : this.#permissions(section.permissions),
      controllers: section.controllers.map(({ controller }) => ({ name: controller.text, at: controller.at })),
      files,
    };
  }

  #permissions({ at, task, admin }: Permissions): GroupPermissions {
    return { at, task: this.#ownership(task, 'task'), admin: this.#ownership(admin, 'admin') };
  }

  #ownership(assignments: readonly Assignment[], of: 'task' | 'admin'): Ownership {
    const found: Ownership = {};
    for (const { name, value } of assignments)
      switch (name.text) {
        case 'uid': {
          const uid = resolveId(value.text, (each) => this.#accounts.uid(each));
          if (uid === undefined) this.#fault(value.at, `there is no user ${JSON.stringify(value.text)} on this host`);
          else found.uid = uid;
          break;
        }
        case 'gid': {
          const gid = resolveId(value.text, (each) => this.#accounts.gid(each));
          if (gid === undefined) this.#fault(value.at, `there is no group ${JSON.stringify(value.text)} on this host`);
          else found.gid = gid;
          break;
        }
        case 'fperm':
        case 'dperm':
          if (!/^[0-7]{1,4}$/.test(value.text))
            this.#fault(value.at, `${name.text} takes an octal number (664), not ${JSON.stringify(value.text)}`);
          else if (name.text === 'dperm' && of === 'task')
            this.#note(name.at, { code: 'permission-without-effect', params: { name: 'dperm', of } });
          else found[name.text] = Number.parseInt(value.text, 8);
          break;
        default:
          // libcgroup passes over these; its own cgsnapshot writes tuid and tgid.
          this.#note(name.at, { code: 'permission-without-effect', params: { name: name.text, of } });
      }
    return found;
  }

  #mount({ name, value }: Assignment): void {
    const names = name.text.split(',').filter((each) => each !== '' && !mountOptions.has(each));
    const mountPoint = value.text.replace(/(?<=.)\/+$/, '');
    const before = this.intent.mounts.find((each) => each.mountPoint === mountPoint);
    if (names.length === 0) this.#fault(name.at, `${JSON.stringify(name.text)} names no controller`);
    else if (!mountPoint.startsWith('/')) this.#fault(value.at, `${JSON.stringify(value.text)} is no path from /`);
    else if (before === undefined) this.intent.mounts.push({ names, mountPoint, at: name.at });
    else before.names.push(...names.filter((each) => !before.names.includes(each)));
  }

  #namespace({ name, value }: Assignment): void {
    const path = this.#path(value);
    const before = this.intent.namespaces.get(name.text);
    if (before !== undefined) this.#fault(name.at, `${name.text} has a namespace already, in line ${before.at.line}`);
    else if (path !== undefined) this.intent.namespaces.set(name.text, { path, at: name.at });
  }

  #systemd(section: AssignmentsSection): void {
    const seen = new Map<string, string>();
    for (const { name, value } of section.assignments) {
      seen.set(name.text, value.text);
      const isGood = systemdSettings.get(name.text);
      if (isGood === undefined) this.#fault(name.at, `"systemd" takes slice, scope, setdefault and pid, not ${name.text}`);
      else if (!isGood(value.text))
        this.#fault(value.at, `${JSON.stringify(value.text)} is no ${name.text} (x.slice, x.scope, yes, a process id above 1)`);
    }
    for (const wanted of ['slice', 'scope']) if (!seen.has(wanted)) this.#fault(section.at, `"systemd" wants a ${wanted}`);
    this.intent.systemd.push(section);
    this.#note(section.at, { code: 'systemd-section', params: { slice: seen.get('slice') ?? '', scope: seen.get('scope') ?? '' } });
  }
}

/** Field by field, as libcgroup fills up from its default section. */
function merge(own: GroupPermissions | undefined, fallback: GroupPermissions | undefined): GroupPermissions | undefined {
  if (own === undefined || fallback === undefined) return own ?? fallback;
  return { at: own.at, task: { ...fallback.task, ...own.task }, admin: { ...fallback.admin, ...own.admin } };
}

/**
 * What a configuration wants, before any kernel is asked: sections of one group put together, names resolved, default
 * permissions filled in. Everything that is wrong is told, not the first alone.
 *
 * @param text what the configuration was read from, of which lines are shown
 */
export const readIntent = (config: Config, text: string, accounts: Accounts): Intent => new Reader(text, accounts).read(config);
