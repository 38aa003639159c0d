import { EffectiveLimits, type HostEvent, type LimitChange, parseQuotaText } from '@bulkhead/model';

const limitNames = Object.keys(EffectiveLimits.shape);

const limitOf = (text: unknown): unknown => (text === 'max' ? 'max' : typeof text === 'string' && text !== '' ? Number(text) : undefined);

function millisOf(text: unknown): unknown {
  const quota = typeof text === 'string' ? parseQuotaText(text) : undefined;
  if (quota === undefined || quota.quotaUsec === 'max') return quota?.quotaUsec;
  return Math.round((Number(quota.quotaUsec) * 1000) / Number(quota.periodUsec ?? 100_000));
}

/** Limits among the settings of a cgroup that an event tells of, in their canonical values. */
const limitsOfSettings = (detail: HostEvent['detail']): Record<string, unknown> => ({
  memoryMaxBytes: limitOf(detail['memory.max']),
  cpuWeight: limitOf(detail['cpu.weight']),
  cpuMaxMillis: millisOf(detail['cpu.max']),
  pidsMax: limitOf(detail['pids.max']),
});

const told = (facts: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(facts).filter(([name, value]) => value !== undefined && limitNames.includes(name)));

/**
 * What an event says of a container's limits: a container is created with some or none; whoever changes one later tells it
 * in the event's facts by the same name, and whoever does so past the container's own verbs, by the setting of its cgroup.
 * Undefined of all other events.
 */
export function limitChangeOf({ kind, at, subject, containerId, detail }: HostEvent): LimitChange | undefined {
  if (containerId === undefined) return undefined;
  // What was refused was put back.
  if (kind === 'cgroup.set' && detail.failed !== undefined) return undefined;
  const found = told(kind === 'cgroup.set' ? limitsOfSettings(detail) : detail);
  if (kind !== 'container.created' && Object.keys(found).length === 0) return undefined;
  const limits = EffectiveLimits.safeParse(found);
  return limits.success ? { at, ...(subject === undefined ? {} : { subject }), limits: limits.data } : undefined;
}
