import {
  type BillingPeriod,
  type MeterId,
  meterFacts,
  type Ownership,
  type Resource,
  type TenantId,
  type Timestamp,
  type UsageRow,
  type UsageRowFlag,
} from '@bulkhead/model';
import { Cells, spreadOver, toMsec, toTimestamp } from './cells.ts';
import { Owners, resourceKey } from './owners.ts';
import { inRowOrder } from './row-text.ts';

export interface RowOptions {
  /**
   * Moments at which rows are divided beside each hour and each change of owner: versions of price plans, changes of
   * limits, starts and stops, and the bounds of periods in zones that are not whole hours from UTC.
   */
  cuts?: readonly Timestamp[];
  ownerships?: readonly Ownership[];
  /** Only rows that begin within it. */
  period?: Pick<BillingPeriod, 'start' | 'end'> | undefined;
}

/** Use over a span of time, to be divided among rows. */
export interface Use {
  resource: Resource;
  tenantId: TenantId | null;
  meter: MeterId;
  /** On the wall clock. */
  fromMsec: number;
  toMsec: number;
  quantity: bigint;
  /** On the boot clock. */
  durationMsec: number;
  unmeasuredMsec: bigint;
  flags: Iterable<UsageRowFlag>;
}

interface OpenRow {
  tenantId: TenantId | null;
  resource: Resource;
  meter: MeterId;
  startMsec: number;
  endMsec: number;
  quantity: bigint;
  durationMsec: bigint;
  unmeasuredMsec: bigint;
  flags: Set<UsageRowFlag>;
  /** When the resource bore the name that the row tells. */
  namedMsec: number;
}

/** Collects use and divides it into rows of one resource, meter, owner and cell each. The order in which it comes changes nothing. */
export class RowBook {
  readonly #owners: Owners;
  readonly #cuts: readonly number[];
  readonly #period: RowOptions['period'];
  readonly #cells = new Map<string, Cells>();
  readonly #rows = new Map<string, OpenRow>();

  constructor({ cuts = [], ownerships = [], period }: RowOptions = {}) {
    this.#period = period;
    this.#owners = new Owners(ownerships);
    this.#cuts = cuts.map(toMsec);
  }

  cellsOf(resource: Resource): Cells {
    const key = resourceKey(resource);
    let cells = this.#cells.get(key);
    if (cells === undefined) {
      cells = new Cells([...this.#cuts, ...this.#owners.changes(resource)]);
      this.#cells.set(key, cells);
    }
    return cells;
  }

  add(use: Use): void {
    const { resource, meter } = use;
    const isPeak = meterFacts[meter].kind === 'peak';
    const all = this.cellsOf(resource).pieces(use.fromMsec, use.toMsec);
    // A peak is known of the moment it was read at, which is the end.
    const pieces = isPeak ? all.slice(-1) : all;
    const quantities = isPeak ? [use.quantity] : spreadOver(use.quantity, pieces);
    const durations = spreadOver(BigInt(use.durationMsec), all).slice(-pieces.length);
    const unmeasured = spreadOver(use.unmeasuredMsec, all).slice(-pieces.length);
    for (const [index, { cell, toMsec: to }] of pieces.entries()) {
      const tenantId = this.#owners.ownerOf(resource, cell, use.tenantId);
      const key = `${tenantId} ${resourceKey(resource)} ${meter} ${cell.startMsec}`;
      let row = this.#rows.get(key);
      if (row === undefined) {
        row = { tenantId, resource, meter, ...cell, quantity: 0n, durationMsec: 0n, unmeasuredMsec: 0n, flags: new Set(), namedMsec: to };
        this.#rows.set(key, row);
      }
      const quantity = quantities[index] ?? 0n;
      if (!isPeak) row.quantity += quantity;
      else if (quantity > row.quantity) row.quantity = quantity;
      row.durationMsec += durations[index] ?? 0n;
      row.unmeasuredMsec += unmeasured[index] ?? 0n;
      for (const flag of use.flags) row.flags.add(flag);
      if ((unmeasured[index] ?? 0n) > 0n) row.flags.add('unmeasured');
      if (to > row.namedMsec || (to === row.namedMsec && resource.name > row.resource.name)) {
        row.resource = resource;
        row.namedMsec = to;
      }
    }
  }

  /** In their one order. A row of 0 was measured; of what was not measured there is no row. */
  toRows(): UsageRow[] {
    const { start: from, end: to } = this.#period ?? {};
    return inRowOrder(
      this.#rows
        .values()
        .map(({ tenantId, resource, meter, startMsec, endMsec, quantity, durationMsec, unmeasuredMsec, flags }) => ({
          tenantId,
          resource,
          meter,
          start: toTimestamp(startMsec),
          end: toTimestamp(endMsec),
          quantity: String(quantity),
          durationMsec: String(durationMsec),
          unmeasuredMsec: String(unmeasuredMsec),
          flags: [...flags].sort(),
        }))
        .filter(({ start }) => (from === undefined || start >= from) && (to === undefined || start < to))
        .toArray(),
    );
  }
}
