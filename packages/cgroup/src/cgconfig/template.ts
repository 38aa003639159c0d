import { Problem } from '@bulkhead/model';
import { toController } from '../tree/hierarchies.ts';
import type { GroupIntent, Intent, TemplateIntent } from './intent.ts';

/** For whom a template is expanded. */
export interface TemplateSubject {
  uid: number;
  gid: number;
  pid: number;
  userName?: string | undefined;
  groupName?: string | undefined;
  /** Name of the process. */
  processName?: string | undefined;
}

/**
 * The name of the group that a template stands for (cgrules.conf(5), "destination"): `%u` user, `%g` group, `%p` process by
 * name, and by number where there is none; `%U`, `%G`, `%P` by number; a backslash takes the meaning from what follows.
 *
 * @throws Problem('invalid') where a name would lead elsewhere: a process chooses its own
 */
export function expandTemplate(template: string, subject: TemplateSubject): string {
  const values: Record<string, string> = {
    u: subject.userName ?? String(subject.uid),
    U: String(subject.uid),
    g: subject.groupName ?? String(subject.gid),
    G: String(subject.gid),
    p: subject.processName ?? String(subject.pid),
    P: String(subject.pid),
  };
  return template.replace(/\\(.?)|%([uUgGpP])/gs, (whole, escaped: string | undefined, variable: string | undefined) => {
    if (variable === undefined) return escaped ?? '';
    const value = values[variable] as string;
    if (value === '' || value === '.' || value === '..' || value.includes('/'))
      throw new Problem('invalid', `${whole} of the template ${template} would be ${JSON.stringify(value)}, which is no name of a group`, {
        remedy: `use ${whole.toUpperCase()} in its place: the number`,
      });
    return value;
  });
}

/** Whether a path is one of a template: it has a variable that nothing takes its meaning from. */
export const isTemplatePath = (path: string): boolean => /%[uUgGpP]/.test(path.replaceAll(/\\./g, ''));

/**
 * What the group of a template is to be: of each controller that is asked for, what the template says of it, and one
 * without settings where it says nothing. Defaults of the file are not a template's (cgconfig.conf(5)).
 *
 * @param controllers by the names of either version; absent: those of the template
 */
export function intentOfTemplate(
  templates: readonly TemplateIntent[],
  { template, path, controllers }: { template: string; path: string; controllers?: readonly string[] | undefined },
): Intent {
  const found = templates.filter((each) => each.path === template);
  const [first] = found;
  const at = first?.at ?? { line: 1, column: 1 };
  const known = found.flatMap((each) => each.controllers);
  const isAsked = (name: string): boolean =>
    controllers === undefined || controllers.some((each) => each === name || toController(each) === toController(name));
  const missing = (controllers ?? []).filter(
    (each) => !known.some(({ name }) => name === each || toController(name) === toController(each)),
  );
  const group: GroupIntent = {
    path,
    at,
    permissions: first?.permissions,
    controllers: [...known.filter(({ name }) => isAsked(name)), ...missing.map((name) => ({ name, at }))],
    files: found.flatMap(({ files }) => files).filter(({ controller }) => isAsked(controller)),
  };
  return { groups: [group], templates: [], mounts: [], namespaces: new Map(), systemd: [], faults: [], notes: [] };
}
