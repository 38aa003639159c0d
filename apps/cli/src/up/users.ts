import { readFileSync } from 'node:fs';
import { instanceUsers, Problem } from '@bulkhead/model';
import { runCommand, tryCommand } from './run-command.ts';

export interface UserIds {
  name: string;
  uid: number;
  gid: number;
}

export interface InstanceAccounts {
  /** Group of those who may talk to the agent. */
  groupGid: number;
  database: UserIds;
  web: UserIds;
  collector: UserIds;
}

const readTable = (file: string): string[][] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(':'));

const findGroup = (name: string): number | undefined => {
  const row = readTable('/etc/group').find(([group]) => group === name);
  return row === undefined ? undefined : Number(row[2]);
};

const findUser = (name: string): UserIds | undefined => {
  const row = readTable('/etc/passwd').find(([user]) => user === name);
  return row === undefined ? undefined : { name, uid: Number(row[2]), gid: Number(row[3]) };
};

function isMember(user: string, group: string): boolean {
  const row = readTable('/etc/group').find(([name]) => name === group);
  return row?.[3]?.split(',').includes(user) ?? false;
}

/** Makes a system user without shell, home and password, in a group of its own name. */
function ensureUser(name: string, comment: string, supplementary: string | undefined): UserIds {
  if (findUser(name) === undefined)
    runCommand([
      'useradd',
      '--system',
      '--user-group',
      '--no-create-home',
      '--home-dir',
      '/nonexistent',
      '--shell',
      '/usr/sbin/nologin',
      '--comment',
      comment,
      name,
    ]);
  if (supplementary !== undefined && !isMember(name, supplementary)) runCommand(['usermod', '--append', '--groups', supplementary, name]);
  const found = findUser(name);
  if (found === undefined) throw new Problem('internal', `useradd made no user ${name} in /etc/passwd`);
  if (found.uid === 0) throw new Problem('conflict', `the user ${name} is root here`, { remedy: `remove it from /etc/passwd` });
  return found;
}

/** Makes the group and the users that are not there yet. */
export function ensureAccounts(instance: string): InstanceAccounts {
  const names = instanceUsers(instance);
  if (findGroup(names.group) === undefined) runCommand(['groupadd', '--system', names.group]);
  const groupGid = findGroup(names.group);
  if (groupGid === undefined) throw new Problem('internal', `groupadd made no group ${names.group} in /etc/group`);
  return {
    groupGid,
    database: ensureUser(names.database, 'Bulkhead database', undefined),
    web: ensureUser(names.web, 'Bulkhead dashboard', names.group),
    collector: ensureUser(names.collector, 'Bulkhead collector', names.group),
  };
}

/** Removes users and group; what is not there is no failure. */
export function removeAccounts(instance: string): void {
  const { group, ...users } = instanceUsers(instance);
  for (const name of Object.values(users)) {
    if (findUser(name) !== undefined) runCommand(['userdel', name]);
    // userdel leaves the group of that name where another user is in it.
    if (findGroup(name) !== undefined) tryCommand(['groupdel', name]);
  }
  if (findGroup(group) !== undefined) runCommand(['groupdel', group]);
}
