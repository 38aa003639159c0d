import { type Holding, meterFacts, Problem, type UsageRow } from '@bulkhead/model';
import { toMsec } from './cells.ts';
import { RowBook, type RowOptions } from './row-book.ts';

/** Rows of what the event log tells: amount times time in force, exact, divided at each hour, change of owner and cut. */
export function rowsOfHoldings(holdings: readonly Holding[], options: RowOptions = {}): UsageRow[] {
  const book = new RowBook(options);
  for (const { resource, tenantId, meter, amount, from, to } of holdings) {
    const { kind } = meterFacts[meter];
    if (kind !== 'allocation' && kind !== 'presence') throw new Problem('invalid', `${meter} is measured, not held: it has readings`);
    const durationMsec = Number(BigInt(to.boottimeMsec) - BigInt(from.boottimeMsec));
    if (durationMsec < 0) throw new Problem('invalid', `${meter} of ${resource.id} ends before it begins, at ${from.at}`);
    const held = BigInt(amount) * BigInt(durationMsec);
    const toMsecOfWall = toMsec(to.at);
    const isClockSet = Math.abs(toMsecOfWall - toMsec(from.at) - durationMsec) > 1000 + durationMsec / 1000;
    book.add({
      resource,
      tenantId,
      meter,
      fromMsec: isClockSet ? toMsecOfWall - durationMsec : Math.min(toMsec(from.at), toMsecOfWall),
      toMsec: toMsecOfWall,
      // Allocations are kept in units times seconds.
      quantity: kind === 'presence' ? held : held / 1000n,
      durationMsec,
      unmeasuredMsec: 0n,
      flags: isClockSet ? ['clock'] : [],
    });
  }
  return book.toRows();
}
