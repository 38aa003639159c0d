import type { agentContract } from '@bulkhead/api';
import type { HandlersOf } from '@bulkhead/api/router';
import type { Services } from './services.ts';

export const hostHandlers = ({ host }: Services): HandlersOf<typeof agentContract>['host'] => ({
  info: () => host.info(),
  use: () => host.use(),
  doctor: () => {
    const { kernelRelease, cgroupSetup, warnings } = host.info();
    return {
      at: new Date().toISOString(),
      checks: [
        { id: 'kernel.release', group: 'kernel', state: 'good', title: 'Kernel', found: `Linux ${kernelRelease}` },
        { id: 'cgroup.setup', group: 'cgroup', state: 'good', title: 'Control groups', found: cgroupSetup },
        ...warnings.map((found, index) => ({
          id: `service.warning-${index + 1}`,
          group: 'service' as const,
          state: 'attention' as const,
          title: 'Something this host lacks',
          found,
        })),
      ],
    };
  },
});
