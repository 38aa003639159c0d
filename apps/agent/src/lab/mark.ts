import { type Container, type ContainerSpec, LabKind, LabRunId, labTenant } from '@bulkhead/model';

/** What the environment of a lab's program says, so that nobody else's container is ever taken for one of ours. */
export const markOf = (run: LabRunId): string => `BULKHEAD_LAB=${run}`;

const namePattern = new RegExp(`^lab-(?:${LabKind.options.join('|')})-([0-9a-f]{4})-[a-z]+$`);

/** The run that made a container; undefined where none did: tenant, name and environment have to say so alike. */
export function runOf(container: Pick<Container, 'tenantId' | 'name'>, spec: Pick<ContainerSpec, 'env'>): LabRunId | undefined {
  const run = LabRunId.safeParse(namePattern.exec(container.name)?.[1]).data;
  return run !== undefined && container.tenantId === labTenant && spec.env.includes(markOf(run)) ? run : undefined;
}
