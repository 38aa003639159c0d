import { CgroupController, Problem } from '@bulkhead/model';

/** A group with the controllers that are meant, as `-g cpu,memory:jobs/one` says it (cgexec(1), cgclassify(1)). */
export interface GroupArgument {
  path: string;
  /** Absent for `*`: every hierarchy that has the group. */
  controllers?: CgroupController[];
}

/** Controllers of v1 by other names; systemd's own hierarchy is not ours to move in. */
const otherNames: Readonly<Record<string, string>> = { blkio: 'io', cpuacct: 'cpu' };

/** A list of controllers by the names of either version. @throws Problem('invalid') that names the option and the controller */
export function parseControllers(option: string, text: string): CgroupController[] {
  const known = new Set<string>(CgroupController.options);
  const names = text.split(',').map((name) => otherNames[name.trim()] ?? name.trim());
  const unknown = names.find((name) => !known.has(name));
  if (unknown !== undefined)
    throw new Problem('invalid', `${option}: there is no controller "${unknown}"`, {
      remedy: './bulkhead cgroup controllers lists those of this host',
    });
  return [...new Set(names)] as CgroupController[];
}

/** A path as people write it, with or without the slash before it. */
export const groupPath = (text: string): string =>
  (text === '' || text.startsWith('/') ? text || '/' : `/${text}`).replace(/(?<=.)\/+$/, '');

/** @throws Problem('invalid') */
export function parseGroup(text: string): GroupArgument {
  const colon = text.indexOf(':');
  if (colon <= 0)
    throw new Problem('invalid', `-g: "${text}" is no CONTROLLERS:PATH`, {
      remedy: 'write it like -g cpu,memory:jobs/one, or -g "*:jobs/one" for all controllers',
    });
  const path = groupPath(text.slice(colon + 1));
  const controllers = text.slice(0, colon);
  return controllers === '*' ? { path } : { path, controllers: parseControllers('-g', controllers) };
}
