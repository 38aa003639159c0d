import { readFileSync } from 'node:fs';
import { type Accounts, parseAccounts, parseConfig, readIntent, type TemplateIntent, type TemplateSubject } from '@bulkhead/cgroup';
import { Problem } from '@bulkhead/model';
import type { ConfigStore } from './config-store.ts';

/** Users and groups of the host, read anew each time: they come and go. */
export const accounts = (): Accounts =>
  parseAccounts({ passwd: readFileSync('/etc/passwd', 'utf8'), group: readFileSync('/etc/group', 'utf8') });

/** Who a process is, for the variables of a template. @throws Problem('not-found') */
export function processSubject(pid: number): TemplateSubject {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch (failure) {
    throw new Problem('not-found', `there is no process ${pid}`, { cause: failure });
  }
  // Real, effective, saved and file-system ids (proc_pid_status(5)): cgrules.conf(5) goes by the effective ones.
  const id = (field: 'Uid' | 'Gid'): number => Number(new RegExp(`^${field}:\\s+\\d+\\s+(\\d+)`, 'm').exec(status)?.[1]);
  const [uid, gid] = [id('Uid'), id('Gid')];
  const { userName, groupName } = accounts();
  return { uid, gid, pid, userName: userName(uid), groupName: groupName(gid), processName: /^Name:\s+(.*)$/m.exec(status)?.[1] };
}

/** Templates of everything that is kept; a text that cannot be read has none. */
export function templatesOf(store: Pick<ConfigStore, 'names' | 'text'>): TemplateIntent[] {
  return store.names().flatMap((name) => {
    try {
      const text = store.text(name) ?? '';
      return readIntent(parseConfig(text), text, accounts()).templates;
    } catch {
      return [];
    }
  });
}
