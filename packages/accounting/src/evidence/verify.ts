import { EvidencePack, type InvoiceContent, Problem, type UsageRow } from '@bulkhead/model';
import { canonicalJson, type Sha256 } from '../canonical.ts';
import { checkConservation } from '../conservation.ts';
import { draftInvoice } from '../invoice/draft.ts';
import { hashInvoice, numberOf } from '../invoice/lifecycle.ts';
import { rowsOfHoldings } from '../ledger/holdings.ts';
import { resourceKey } from '../ledger/owners.ts';
import type { RowOptions } from '../ledger/row-book.ts';
import { rowKey } from '../ledger/row-text.ts';
import { rowsOfReadings } from '../ledger/rows.ts';

/** What was computed again and agrees, or the first thing that does not. */
export type Verification =
  | {
      agrees: true;
      number: string;
      total: string;
      currency: string;
      /** The chain: the invoice before it is to have this hash. */
      previousHash: string | null;
      rows: number;
      readings: number;
      /** Rows of shares of what nobody owned: held by the invoice's hash alone, for other tenants' use is not in the pack. */
      allotted: number;
      gaps: number;
      /** Conservation checks that do not hold: they are told, not hidden. */
      broken: number;
    }
  | { agrees: false; part: 'form' | 'conservation' | 'rows' | 'gaps' | 'invoice' | 'inputs' | 'hash'; difference: string };

class Disagreement extends Error {
  readonly part: Extract<Verification, { agrees: false }>['part'];
  constructor(part: Disagreement['part'], difference: string) {
    super(difference);
    this.part = part;
  }
}

const nameOf = ({ meter, resource, start }: UsageRow): string => `${meter} of ${resource.name || resource.id} at ${start}`;
/** Which readings were missing in between is told by the gaps: bounding readings are far apart by themselves. */
const comparable = (row: UsageRow): string => canonicalJson({ ...row, flags: row.flags.filter((flag) => flag !== 'spread') });

/** Every row must come out of the readings and holdings, and nothing else. */
function checkRows({ invoice, rows, proof }: EvidencePack): void {
  const { account, period } = invoice.content;
  const options: RowOptions = { cuts: proof.cuts, ownerships: proof.ownerships, period };
  const made = [...rowsOfReadings(proof.readings, { ...options, maximumStepMsec: 'max' }), ...rowsOfHoldings(proof.holdings, options)];
  const mine = new Map(made.filter(({ tenantId }) => tenantId === account.tenantId).map((row) => [rowKey(row), row] as const));
  for (const row of rows) {
    if (row.flags.includes('allotted')) continue;
    const again = mine.get(rowKey(row));
    if (again === undefined) throw new Disagreement('rows', `${nameOf(row)}: no reading tells of it`);
    mine.delete(rowKey(row));
    if (comparable(again) === comparable(row)) continue;
    const field = (['quantity', 'end', 'durationMsec', 'unmeasuredMsec', 'flags'] as const).find(
      (name) => String(row[name]) !== String(again[name]),
    );
    throw new Disagreement(
      'rows',
      `${nameOf(row)}: ${field ?? 'name'} is ${row[field ?? 'meter']} in the pack, ${again[field ?? 'meter']} by the readings`,
    );
  }
  const [missing] = mine.values();
  if (missing !== undefined) throw new Disagreement('rows', `${nameOf(missing)}: the readings tell of it, the pack has no row`);
}

/** A row that says that readings or gauges were missing lies in a gap that says the same. */
function checkGaps({ rows, proof }: EvidencePack): void {
  const gaps = Map.groupBy(proof.gaps, ({ resource, reason }) => `${resourceKey(resource)} ${reason}`);
  for (const row of rows)
    for (const [flag, reason] of [
      ['spread', 'readings'],
      ['unmeasured', 'gauge'],
    ] as const) {
      if (!row.flags.includes(flag) || row.flags.includes('allotted')) continue;
      const told = gaps.get(`${resourceKey(row.resource)} ${reason}`) ?? [];
      if (!told.some(({ from, to }) => from <= row.end && to >= row.start))
        throw new Disagreement('gaps', `${nameOf(row)}: no gap tells why it is flagged ${flag}`);
    }
}

function checkFigures({ proof }: EvidencePack): void {
  for (const figure of proof.conservation) {
    const explained = figure.explained.map(({ name, quantity }) => ({ name, quantity: BigInt(quantity) }));
    const again = checkConservation(figure, BigInt(figure.counter), explained);
    if (canonicalJson(again) !== canonicalJson(figure))
      throw new Disagreement(
        'conservation',
        `${figure.meter} of ${figure.tenantId ?? 'the host'} at ${figure.start}: ${again.unexplained} is unexplained, not ${figure.unexplained}`,
      );
  }
}

/** The first field in which two invoices differ, lines by their keys. */
function differenceOf(said: InvoiceContent, again: InvoiceContent): string | undefined {
  const lines = new Map(again.lines.map((line) => [line.key, line] as const));
  for (const line of said.lines) {
    const other = lines.get(line.key);
    if (other === undefined) return `line ${line.key}: nothing was used that it could charge`;
    lines.delete(line.key);
    for (const name of ['quantity', 'unitPrice', 'amount', 'pricingQuantity', 'description'] as const)
      if (line[name] !== other[name]) return `line ${line.key}: ${name} is ${line[name]}, computed again ${other[name]}`;
    if (canonicalJson(line) !== canonicalJson(other)) return `line ${line.key}: it is not what comes out again`;
  }
  const [missing] = lines.keys();
  if (missing !== undefined) return `line ${missing}: it is missing`;
  const fields = [...new Set([...Object.keys(said), ...Object.keys(again)])] as (keyof InvoiceContent)[];
  const field = fields.find(
    (name) => name !== 'override' && name !== 'inputs' && canonicalJson(said[name] ?? null) !== canonicalJson(again[name] ?? null),
  );
  return field === undefined
    ? undefined
    : `${field}: it is ${canonicalJson(said[field] ?? null)}, computed again ${canonicalJson(again[field] ?? null)}`;
}

function checkInvoice({ invoice, terms, rows, proof }: EvidencePack, sha256: Sha256): void {
  const { content } = invoice;
  const { account, issuer, issuerDetails, period, allottedBy } = content;
  const again = draftInvoice(
    { account, issuer, issuerDetails, period, ...terms, rows, proof, ...(allottedBy === undefined ? {} : { allottedBy }) },
    sha256,
  ).content;
  const difference = differenceOf(content, again);
  if (difference !== undefined) throw new Disagreement('invoice', difference);
  for (const [name, what] of [
    ['terms', 'plan versions, assignments, credits or corrections'],
    ['rows', 'hourly rows'],
    ['proof', 'readings, ownership, gaps or conservation'],
  ] as const)
    if (content.inputs[name] !== again.inputs[name])
      throw new Disagreement('inputs', `${what}: they are not those that the invoice was finalised with`);
}

/**
 * Computes everything in an evidence pack again: rows from readings, lines from rows and prices, totals from lines, hashes
 * of all of it. The invoice's hash vouches for every byte, and whoever holds the invoice holds the hash; the other checks
 * tell where a difference lies. Whether the invoice stands in its chain is `checkChain`'s to say.
 */
export function verifyEvidence(input: unknown, sha256: Sha256): Verification {
  const parsed = EvidencePack.safeParse(input);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return { agrees: false, part: 'form', difference: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'malformed'}` };
  }
  const pack = parsed.data;
  const { invoice, rows, proof } = pack;
  try {
    checkFigures(pack);
    checkRows(pack);
    checkGaps(pack);
    checkInvoice(pack, sha256);
    if (invoice.number !== numberOf(invoice.series, invoice.sequence))
      throw new Disagreement('hash', `${invoice.number} is not number ${invoice.sequence} of series ${invoice.series}`);
    if (invoice.hash !== hashInvoice(invoice, sha256))
      throw new Disagreement('hash', `${invoice.number}: its content, number or date is not what was finalised`);
  } catch (failure) {
    if (failure instanceof Disagreement) return { agrees: false, part: failure.part, difference: failure.message };
    // Rows, plans or holdings that contradict each other.
    if (failure instanceof Problem) return { agrees: false, part: 'invoice', difference: failure.message };
    throw failure;
  }
  return {
    agrees: true,
    number: invoice.number,
    total: invoice.content.total,
    currency: invoice.content.currency,
    previousHash: invoice.previousHash,
    rows: rows.length,
    readings: proof.readings.length,
    allotted: rows.filter(({ flags }) => flags.includes('allotted')).length,
    gaps: proof.gaps.length,
    broken: proof.conservation.filter(({ holds }) => !holds).length,
  };
}
