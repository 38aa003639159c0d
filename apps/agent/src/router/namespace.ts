import type { agentContract } from '@bulkhead/api';
import { NamespaceScope } from '@bulkhead/api';
import type { HandlersOf } from '@bulkhead/api/router';
import { Problem } from '@bulkhead/model';
import type { Services } from './services.ts';

export const namespaceHandlers = ({ namespaces }: Services): HandlersOf<typeof agentContract>['namespace'] => ({
  async list({ caller, input }) {
    const inventory = new NamespaceScope(caller).inventory(await namespaces.inventory());
    const { type } = input;
    return type === undefined ? inventory : { ...inventory, namespaces: inventory.namespaces.filter((each) => each.type === type) };
  },

  async inspect({ caller, input }) {
    const scope = new NamespaceScope(caller);
    const found = await namespaces.inspect(input.key);
    // The same words whether it does not exist or is somebody else's.
    if (found === undefined || !scope.sees(found.namespace))
      throw new Problem('not-found', `no namespace ${input.key}`, { remedy: './bulkhead namespace ls lists them' });
    const workloads = found.workloads.filter((each) => scope.sees(each));
    const visible = new Set(workloads.map(({ id }) => id));
    const processes = caller.tenants === 'all' ? found.processes : found.processes.filter(({ workloadId }) => visible.has(workloadId));
    return {
      ...found,
      namespace: scope.show(found.namespace),
      workloads,
      processes,
      processCount: caller.tenants === 'all' ? found.processCount : processes.length,
    };
  },

  async *watch({ caller, signal }) {
    yield* namespaces.watch(new NamespaceScope(caller), signal);
  },
});
