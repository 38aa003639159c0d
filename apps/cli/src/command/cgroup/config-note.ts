import type { CgroupConfigNote } from '@bulkhead/model';

/** What a person should know of a configuration, as a sentence. */
export function describeNote({ code, params }: CgroupConfigNote): string {
  const of = (name: string): string => params[name] ?? '';
  switch (code) {
    case 'same-group':
      return `adds to ${of('path')} of line ${of('line')}; where both set a file, this one counts`;
    case 'template-without-variable':
      return `the template ${of('path')} has no variable (%u, %g, %p, %U, %G, %P), so it stands for one group alone`;
    case 'permission-without-effect':
      return `${of('name')} has no effect in "${of('of')}": libcgroup passes over it as well`;
    case 'no-equivalent':
      return `${of('file')} has no equivalent and is not set: ${of('reason')}`;
    case 'unknown-file':
      return `${of('file')} is not set: ${of('reason')}`;
    case 'read-only':
      return `${of('file')} is not set: it can only be read`;
    case 'approximate':
      return `${of('file')} is not quite the same. ${of('reason')}`;
    case 'controller-of-v1':
      return `${of('controller')} is no controller of version 2: its groups are made without it`;
    case 'no-controller':
      return `${of('path')} names no controller: on version 1 there is no hierarchy to make it in`;
    case 'task-on-v2':
      return 'version 2 has no tasks file: who may move processes gets cgroup.procs and cgroup.threads; a move wants cgroup.procs of the common parent as well';
    case 'mount-as-wanted':
      return `${of('names')}: mounted at ${of('mountPoint')}, as it says`;
    case 'mount-elsewhere':
      return `${of('names')}: mounted at ${of('mounted')}, not at ${of('mountPoint')}; nothing is mounted, groups are made where it is`;
    case 'mount-missing':
      return `${of('names')}: not mounted, and nothing is mounted at ${of('mountPoint')} by this`;
    case 'mount-unified':
      return `${of('names')}: in the tree of version 2 here; nothing is mounted at ${of('mountPoint')}`;
    case 'systemd-section':
      return `${of('slice')}/${of('scope')} is systemd's to make and is left to it: systemd-run --slice=${of('slice')} --scope …`;
    case 'impossible':
      return `could not be: ${of('reason')}`;
  }
}
