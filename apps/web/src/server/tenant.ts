import type { Caller, controlContract, OwnableReference } from '@bulkhead/api';
import type { HandlersOf } from '@bulkhead/api/router';
import { addTenant, disown, findContainer, listOwned, listTenants, own, renameTenant } from '@bulkhead/db';
import { ContainerId, cgroupRoot, type HostId, Problem, type Resource } from '@bulkhead/model';
import { problemOf } from './agent-client.ts';
import { scopeOf } from './scope.ts';
import type { Services } from './services.ts';

export function tenantHandlers({ agent, config, database, log }: Services): HandlersOf<typeof controlContract>['tenant'] {
  /** A container by what the host, or where it is gone there the database, knows of it. */
  async function containerOf(caller: Caller, hostId: HostId, reference: string): Promise<Resource> {
    try {
      const { id, name } = await agent.container.inspect.query({ container: reference }, { context: { caller } });
      return { hostId, kind: 'container', id, name };
    } catch (failure) {
      const id = ContainerId.safeParse(reference);
      const found = id.success ? await findContainer(database, scopeOf(caller), id.data) : undefined;
      if (found === undefined) throw problemOf(failure);
      return { hostId: found.hostId, kind: 'container', id: found.container.id, name: found.container.name };
    }
  }

  /** Our own group holds the containers of all tenants, and whatever holds it would count them a second time. */
  async function checkForeign(caller: Caller, path: string): Promise<void> {
    if (path === '/') throw new Problem('invalid', 'path: the root is the whole host');
    const { instance } = await agent.host.info.query({}, { context: { caller } }).catch((failure: unknown) => {
      throw problemOf(failure);
    });
    const own = `/${cgroupRoot(instance)}`;
    const isOurs = (each: string): boolean => each.endsWith(own) || each.includes(`${own}/`) || own.startsWith(`${each}/`);
    if (isOurs(path))
      throw new Problem('invalid', `path: ${path} is part of this instance, or holds it`, {
        remedy: 'containers are given by their id or name: --container',
      });
  }

  async function resourceOf(caller: Caller, reference: OwnableReference): Promise<Resource> {
    const { hostId } = config;
    if (reference.kind === 'container') return await containerOf(caller, hostId, reference.container);
    return { hostId, kind: 'cgroup', id: reference.path, name: reference.label ?? reference.path };
  }

  return {
    list: ({ caller }) => listTenants(database, scopeOf(caller)),
    async add({ caller, input: { tenantId, name } }) {
      await addTenant(database, { tenantId, ...(name === undefined ? {} : { name }) });
      log.info({ by: caller.subject, tenantId }, 'a tenant was added');
      return {};
    },
    async rename({ caller, input }) {
      await renameTenant(database, input);
      log.info({ by: caller.subject, ...input }, 'a tenant was renamed');
      return {};
    },
    async own({ caller, input: { tenantId, resource: reference, from, to } }) {
      if (reference.kind === 'cgroup') await checkForeign(caller, reference.path);
      const resource = await resourceOf(caller, reference);
      await own(database, { tenantId, resource, from, to, by: caller.subject.name });
      log.info({ by: caller.subject, tenantId, resource, from, to }, 'a resource was given to a tenant');
      return {};
    },
    async disown({ caller, input: { tenantId, resource: reference, to } }) {
      const resource = await resourceOf(caller, reference);
      await disown(database, { tenantId, resource, to, by: caller.subject.name });
      log.info({ by: caller.subject, tenantId, resource, to }, 'a resource was taken from a tenant');
      return {};
    },
    owned: ({ caller, input }) => listOwned(database, scopeOf(caller), input.tenantId),
  };
}
