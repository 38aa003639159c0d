/**
 * Takes a container through its whole life and dies by SIGKILL at a fail point: `node dying-runtime.ts STATE INSTANCE
 * POINT NAME`. Ends with 3 where the point was never reached.
 */

import { detectCgroups } from '@bulkhead/cgroup';
import { createContainerRuntime } from '@bulkhead/container';
import { ContainerSpec, instancePaths } from '@bulkhead/model';
import { readBootId } from '@bulkhead/namespace';

const [stateDirectory = '', instance = '', point = '', name = ''] = process.argv.slice(2);
const runtime = createContainerRuntime({
  instance,
  paths: instancePaths(stateDirectory, instance),
  bootId: readBootId(),
  cgroups: detectCgroups(),
  failPoint: (reached) => {
    if (reached === point) process.kill(process.pid, 'SIGKILL');
  },
  beforeCgroupRemoval: async () => undefined,
});
await runtime.recover();
const { container } = await runtime.create(ContainerSpec.parse({ name, tenantId: 'acme', image: 'host', args: ['sleep', '60'] }));
await runtime.start(container.id);
await runtime.delete(container.id, true);
process.exit(3);
