import { type LimitChanges, Problem } from '@bulkhead/model';
import { parseBytes, parseCount, parseCpuMillis } from '../../output/quantity.ts';
import { forEach } from './change.ts';

export interface UpdateOptions {
  memory?: string;
  cpus?: string;
  cpuWeight?: string;
  pids?: string;
}

const orMax = (option: string, text: string, parse: (option: string, text: string) => number): number | 'max' =>
  text.trim() === 'max' ? 'max' : parse(option, text);

/** Limits as they are typed; what is not typed stays. @throws Problem('invalid') that names the option */
export function readLimitChanges({ memory, cpus, cpuWeight, pids }: UpdateOptions): LimitChanges {
  const changes: LimitChanges = {
    ...(memory === undefined ? {} : { memoryMaxBytes: orMax('--memory', memory, parseBytes) }),
    ...(cpus === undefined ? {} : { cpuMaxMillis: orMax('--cpus', cpus, parseCpuMillis) }),
    ...(cpuWeight === undefined ? {} : { cpuWeight: parseCount('--cpu-weight', cpuWeight) }),
    ...(pids === undefined ? {} : { pidsMax: orMax('--pids', pids, parseCount) }),
  };
  if (Object.keys(changes).length === 0)
    throw new Problem('invalid', 'nothing to change was named', {
      remedy: 'name a limit: --memory 256M, --cpus 0.5, --cpu-weight 50, --pids 100',
    });
  return changes;
}

/** `update`: changes limits of containers while they run. */
export async function updateContainers(stateDirectory: string, references: readonly string[], options: UpdateOptions): Promise<void> {
  const limits = readLimitChanges(options);
  await forEach(stateDirectory, references, (client, container) => client.container.update.mutate({ container, limits }));
}
