import type { OwnableReference } from '@bulkhead/api';
import { Problem } from '@bulkhead/model';
import { controlOf } from '../client/clients.ts';
import { print, printJson } from '../output/print.ts';
import { formatTable, toVisible } from '../output/table.ts';
import { toTimestamp } from '../output/timestamp.ts';

interface Output {
  json?: boolean;
}

export interface OwningOptions {
  container?: string;
  cgroup?: string;
  label?: string;
  from?: string;
  to?: string;
}

function toReference({ container, cgroup, label }: OwningOptions): OwnableReference {
  if ((container === undefined) === (cgroup === undefined))
    throw new Problem('invalid', 'name what is meant: --container ID|NAME or --cgroup /PATH', {
      remedy: './bulkhead cgroup ls tells paths of systemd units, of containers of others, and of groups made by hand',
    });
  if (container !== undefined) return { kind: 'container', container };
  return { kind: 'cgroup', path: cgroup as string, ...(label === undefined ? {} : { label }) };
}

/** `tenant ls` */
export async function listTenants(stateDirectory: string, { json }: Output): Promise<void> {
  const tenants = await controlOf(stateDirectory).tenant.list.query({});
  if (json === true) printJson(tenants);
  else
    print(
      formatTable(
        ['TENANT', 'NAME', 'SINCE'],
        tenants.map(({ tenantId, name, createdAt }) => [tenantId, name === undefined ? '-' : toVisible(name), createdAt]),
      ),
    );
}

/** `tenant add` */
export async function addTenant(stateDirectory: string, tenantId: string, { name }: { name?: string }): Promise<void> {
  await controlOf(stateDirectory).tenant.add.mutate({ tenantId, ...(name === undefined ? {} : { name }) });
  print(`${tenantId}\n`);
}

/** `tenant rename`: what people call it; its id stays. */
export async function renameTenant(stateDirectory: string, tenantId: string, name: string): Promise<void> {
  await controlOf(stateDirectory).tenant.rename.mutate({ tenantId, name });
}

/** `tenant own`: gives a container or a group of others to a tenant. */
export async function own(stateDirectory: string, tenantId: string, options: OwningOptions): Promise<void> {
  const [from, to] = [toTimestamp('--from', options.from), toTimestamp('--to', options.to)];
  await controlOf(stateDirectory).tenant.own.mutate({
    tenantId,
    resource: toReference(options),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  });
}

/** `tenant disown` */
export async function disown(stateDirectory: string, tenantId: string, options: OwningOptions): Promise<void> {
  const to = toTimestamp('--to', options.to);
  await controlOf(stateDirectory).tenant.disown.mutate({
    tenantId,
    resource: toReference(options),
    ...(to === undefined ? {} : { to }),
  });
}

/** `tenant owned`: every interval of ownership there was. */
export async function listOwned(stateDirectory: string, tenantId: string | undefined, { json }: Output): Promise<void> {
  const owned = await controlOf(stateDirectory).tenant.owned.query(tenantId === undefined ? {} : { tenantId });
  if (json === true) {
    printJson(owned);
    return;
  }
  const rows = owned.map(({ resource, tenantId: owner, from, to, createdBy }) => [
    owner,
    resource.kind,
    toVisible(resource.name),
    from,
    to ?? '-',
    toVisible(createdBy),
  ]);
  print(formatTable(['TENANT', 'KIND', 'RESOURCE', 'FROM', 'TO', 'BY'], rows));
}
