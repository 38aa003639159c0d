import type { User, UserLink } from '@bulkhead/model';
import { Problem } from '@bulkhead/model';
import { controlOf } from '../client/clients.ts';
import { locateInstance } from '../instance/locate.ts';
import { readSupervisorRecord } from '../instance/supervisor-file.ts';
import { print, printJson } from '../output/print.ts';
import { formatDuration } from '../output/quantity.ts';
import { formatTable, toVisible } from '../output/table.ts';

interface Output {
  json?: boolean;
}

/** Where the link leads: the page is served where the dashboard is. */
function addressOf(stateDirectory: string, { token }: UserLink): string {
  const { paths } = locateInstance(stateDirectory);
  const url = readSupervisorRecord(paths.supervisorFile)?.url;
  if (url === undefined) throw new Problem('unavailable', 'the dashboard is not ready yet', { remedy: 'try again in a moment' });
  return `${url}/setup?link=${token}`;
}

function tellLink(stateDirectory: string, made: { user: User; link: UserLink }, sentence: string, { json }: Output): void {
  const address = addressOf(stateDirectory, made.link);
  if (json === true) printJson({ user: made.user, link: { address, expiresAt: made.link.expiresAt } });
  else print(`${sentence}, once and within an hour: ${address}\n`);
}

const passwordWord = ({ hasPassword, linkExpiresAt }: User): string => {
  if (linkExpiresAt === undefined) return hasPassword ? 'set' : 'none, and no link';
  const left = formatDuration(Math.max(0, (Date.parse(linkExpiresAt) - Date.now()) / 1000));
  return `${hasPassword ? 'set, link' : 'link'} for ${left}`;
};

/** `user ls`: who may sign in to the dashboard. */
export async function listUsers(stateDirectory: string, { json }: Output): Promise<void> {
  const users = await controlOf(stateDirectory).user.list.query({});
  if (json === true) {
    printJson(users);
    return;
  }
  const rows = users.map((user) => [
    user.email,
    user.name,
    user.role,
    user.tenants === 'all' ? 'all' : user.tenants.join(','),
    passwordWord(user),
    String(user.sessions),
  ]);
  print(formatTable(['EMAIL', 'NAME', 'ROLE', 'TENANTS', 'PASSWORD', 'SESSIONS'], rows));
}

/** `user add`: a member of a tenant, with a link that sets its first password. */
export async function addUser(stateDirectory: string, name: string, options: Output & { tenant: string; email?: string }): Promise<void> {
  const email = options.email ?? (name.includes('@') ? name : undefined);
  if (email === undefined)
    throw new Problem('invalid', '--email: people sign in with an email address', {
      remedy: `./bulkhead user add ${name} --tenant ${options.tenant} --email ${name.toLowerCase()}@example.org`,
    });
  const made = await controlOf(stateDirectory).user.add.mutate({ name, email, tenantId: options.tenant });
  tellLink(stateDirectory, made, `${toVisible(made.user.email)} of ${options.tenant} sets a password here`, options);
}

/** `user reset`: a link that sets a new password. */
export async function resetUser(stateDirectory: string, user: string, options: Output): Promise<void> {
  const made = await controlOf(stateDirectory).user.reset.mutate({ user });
  tellLink(stateDirectory, made, `${toVisible(made.user.email)} sets a new password here, which ends its sessions`, options);
}

/** `user rm`: nobody signs in with it any more. */
export async function removeUser(stateDirectory: string, user: string): Promise<void> {
  const removed = await controlOf(stateDirectory).user.remove.mutate({ user });
  print(`${toVisible(removed.user.email)}\n`);
}
