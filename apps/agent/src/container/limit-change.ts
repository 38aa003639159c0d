import { EffectiveLimits, type HostEvent, type LimitChange } from '@bulkhead/model';

const limitNames = Object.keys(EffectiveLimits.shape);

/**
 * What an event says of a container's limits: a container is created with some or none, and whoever changes one later
 * tells it in the event's facts by the same name. Undefined of all other events.
 */
export function limitChangeOf({ kind, at, subject, containerId, detail }: HostEvent): LimitChange | undefined {
  if (containerId === undefined) return undefined;
  const told = Object.fromEntries(Object.entries(detail).filter(([name]) => limitNames.includes(name)));
  if (kind !== 'container.created' && Object.keys(told).length === 0) return undefined;
  const limits = EffectiveLimits.safeParse(told);
  return limits.success ? { at, ...(subject === undefined ? {} : { subject }), limits: limits.data } : undefined;
}
