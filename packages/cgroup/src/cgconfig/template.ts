import { Problem } from '@bulkhead/model';

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
