import { type Ownership, Problem, type Resource, type TenantId } from '@bulkhead/model';
import { toMsec } from './cells.ts';

type ResourceIdentity = Pick<Resource, 'hostId' | 'kind' | 'id'>;
export const resourceKey = ({ hostId, kind, id }: ResourceIdentity): string => `${hostId} ${kind} ${id}`;

interface Interval {
  tenantId: TenantId;
  fromMsec: number;
  toMsec: number;
}

/** Whose each resource is at each moment. */
export class Owners {
  readonly #intervals = new Map<string, Interval[]>();

  /** Throws Problem `invalid` where two own the same resource at once, or an interval ends before it begins. */
  constructor(ownerships: readonly Ownership[]) {
    for (const { resource, tenantId, from, to } of ownerships) {
      const interval = { tenantId, fromMsec: toMsec(from), toMsec: to === undefined ? Number.POSITIVE_INFINITY : toMsec(to) };
      if (interval.toMsec <= interval.fromMsec)
        throw new Problem('invalid', `the ownership of ${resource.id} by ${tenantId} from ${from} ends before it begins`);
      const key = resourceKey(resource);
      const known = this.#intervals.get(key);
      if (known === undefined) this.#intervals.set(key, [interval]);
      else known.push(interval);
    }
    for (const [key, intervals] of this.#intervals) {
      intervals.sort((left, right) => left.fromMsec - right.fromMsec);
      for (const [index, next] of intervals.entries()) {
        const last = intervals[index - 1];
        if (last !== undefined && next.fromMsec < last.toMsec)
          throw new Problem('invalid', `${key} belongs to ${last.tenantId} and to ${next.tenantId} at once`);
      }
    }
  }

  /** Moments at which the owner of a resource changes. */
  changes(resource: ResourceIdentity): number[] {
    return (this.#intervals.get(resourceKey(resource)) ?? []).flatMap(({ fromMsec, toMsec: to }) =>
      Number.isFinite(to) ? [fromMsec, to] : [fromMsec],
    );
  }

  /** The owner of a part of time in which the owner does not change; `otherwise` where nothing is told of the resource. */
  ownerOf(
    resource: ResourceIdentity,
    { startMsec, endMsec }: { startMsec: number; endMsec: number },
    otherwise: TenantId | null,
  ): TenantId | null {
    const intervals = this.#intervals.get(resourceKey(resource));
    if (intervals === undefined) return otherwise;
    return intervals.find(({ fromMsec, toMsec: to }) => fromMsec <= startMsec && endMsec <= to)?.tenantId ?? null;
  }
}
