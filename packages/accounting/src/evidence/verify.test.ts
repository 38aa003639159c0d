import { EvidencePack } from '@bulkhead/model';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { finalised, sha256 } from '../../test/bill.ts';
import { makeEvidence, readings } from '../../test/evidence.ts';
import { draftInvoice } from '../invoice/draft.ts';
import { hashInvoice, pay } from '../invoice/lifecycle.ts';
import { evidencePack } from './pack.ts';
import { type Verification, verifyEvidence } from './verify.ts';

const { pack, invoice, input } = makeEvidence();
const verify = (changed: unknown): Verification => verifyEvidence(changed, sha256);
/** A copy of the pack, as it comes out of a file, with something changed. */
function changed(change: (copy: EvidencePack) => void): Verification {
  const copy = JSON.parse(JSON.stringify(pack)) as EvidencePack;
  change(copy);
  return verify(copy);
}
/** As changed, by somebody who makes the invoice's hash anew: only the computation can tell. */
const forged = (change: (copy: EvidencePack) => void): Verification =>
  changed((copy) => {
    change(copy);
    copy.invoice.hash = hashInvoice(copy.invoice, sha256);
  });
const at = <T>(items: readonly T[], position: number): T => items[position] as T;

describe('an evidence pack', () => {
  test('is computed again from its readings, through a file too', () => {
    const agrees = { agrees: true, number: 'A-000001', total: invoice.content.total, currency: 'EUR', previousHash: null, allotted: 0 };
    expect(verify(pack)).toMatchObject({
      ...agrees,
      rows: pack.rows.length,
      readings: pack.proof.readings.length,
      gaps: pack.proof.gaps.length,
    });
    expect(verify(JSON.parse(JSON.stringify(pack)))).toEqual(verify(pack));
    expect(
      verify(evidencePack(pay(invoice, { at: '2026-05-01T00:00:00.000Z', payment: 'x' }), { ...input, proof: pack.proof })),
    ).toMatchObject(agrees);
    expect(EvidencePack.parse(pack)).toEqual(pack);
  });

  test('has something of everything, and fewer readings than there were', () => {
    const flags = new Set(pack.rows.flatMap((row) => row.flags));
    expect([...flags].sort()).toEqual(['baseline', 'estimate', 'reset', 'spread', 'unmeasured']);
    expect(invoice.content.lines.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['usage', 'included', 'fee', 'minimum', 'credit']),
    );
    expect(pack.proof.readings.length).toBeLessThan(readings.length / 4);
    expect(pack.proof.gaps.map(({ reason }) => reason)).toEqual(expect.arrayContaining(['readings', 'gauge']));
    expect(new Set(pack.rows.map(({ resource }) => resource.kind))).toEqual(new Set(['container', 'cgroup', 'address']));
  });

  test('one digit that was changed, anywhere, is found', () => {
    const text = JSON.stringify(pack);
    const digits = [...text.matchAll(/\d/g)].map(({ index }) => index);
    fc.assert(
      fc.property(fc.nat(digits.length - 1), fc.integer({ min: 1, max: 9 }), (pick, by) => {
        const position = at(digits, pick);
        const digit = (Number(text[position]) + by) % 10;
        const other = `${text.slice(0, position)}${digit}${text.slice(position + 1)}`;
        let value: unknown;
        try {
          value = JSON.parse(other);
        } catch {
          // No JSON number begins with 0.
          return;
        }
        expect(verify(value)).toMatchObject({ agrees: false });
      }),
      { numRuns: 200 },
    );
  });
});

describe('the first thing that does not agree is named', () => {
  test('a quantity of a row, though the invoice was made anew', () => {
    const row = pack.rows.findIndex(({ meter, resource }) => meter === 'cpu-used' && resource.name === 'c11');
    expect(forged((copy) => Object.assign(at(copy.rows, row), { quantity: '1' }))).toMatchObject({
      part: 'rows',
      difference: expect.stringMatching(/^cpu-used of c11 at 2026-03-01T00:00:00.000Z: quantity is 1 in the pack, \d+ by the readings$/),
    });
  });

  test('a row that is missing, and one that no reading tells of', () => {
    expect(forged((copy) => copy.rows.splice(3, 1))).toMatchObject({
      part: 'rows',
      difference: expect.stringMatching(/the readings tell of it, the pack has no row$/),
    });
    expect(
      forged((copy) => copy.rows.push({ ...at(copy.rows, 0), start: '2026-03-09T00:00:00.000Z', end: '2026-03-09T01:00:00.000Z' })),
    ).toMatchObject({
      part: 'rows',
      difference: expect.stringMatching(/no reading tells of it$/),
    });
  });

  test('a reading', () => {
    const position = pack.proof.readings.findLastIndex(({ resource }) => resource.name === 'c12');
    expect(forged((copy) => Object.assign(at(copy.proof.readings, position).meters, { 'cpu-used': '5' }))).toMatchObject({
      part: 'rows',
      difference: expect.stringMatching(/^cpu-used of c12 at .*: quantity is \d+ in the pack, \d+ by the readings$/),
    });
  });

  test('an amount of a line, and the sums', () => {
    const { key } = at(invoice.content.lines, 0);
    expect(forged((copy) => Object.assign(at(copy.invoice.content.lines, 0), { amount: '0.01' }))).toMatchObject({
      part: 'invoice',
      difference: expect.stringContaining(`line ${key}: amount is 0.01, computed again `),
    });
    for (const field of ['subtotal', 'tax', 'total'] as const)
      expect(forged((copy) => Object.assign(copy.invoice.content, { [field]: '999.99' }))).toMatchObject({
        part: 'invoice',
        difference: `${field}: it is "999.99", computed again "${invoice.content[field]}"`,
      });
    expect(forged((copy) => copy.invoice.content.lines.shift())).toMatchObject({
      part: 'invoice',
      difference: `line ${key}: it is missing`,
    });
  });

  test('a price', () => {
    const result = forged((copy) => Object.assign(at(at(copy.terms.plans, 0).prices, 1).price, { unitPrice: '0.8' }));
    expect(result).toMatchObject({
      part: 'invoice',
      difference: expect.stringMatching(/^line .*memory-used\/usage: unitPrice is 0.7, computed again 0.8$/),
    });
  });

  test('what changes no amount, by its hash', () => {
    expect(forged((copy) => Object.assign(at(copy.terms.plans, 0), { name: 'Another name' }))).toMatchObject({
      part: 'inputs',
      difference: 'plan versions, assignments, credits or corrections: they are not those that the invoice was finalised with',
    });
    expect(forged((copy) => Object.assign(at(copy.proof.gaps, 0), { durationMsec: '1' }))).toMatchObject({
      part: 'inputs',
      difference: expect.stringMatching(/^readings, ownership/),
    });
  });

  test('a gap that was taken out', () => {
    expect(forged((copy) => copy.proof.gaps.splice(0))).toMatchObject({
      part: 'gaps',
      difference: expect.stringMatching(/no gap tells why it is flagged/),
    });
  });

  test('a conservation figure that was made to hold', () => {
    expect(at(pack.proof.conservation, 0).holds).toBe(true);
    expect(forged((copy) => Object.assign(at(copy.proof.conservation, 0), { counter: '999999999999' }))).toMatchObject({
      part: 'conservation',
    });
  });

  test('the number, the date, the chain, and the hash', () => {
    expect(forged((copy) => Object.assign(copy.invoice, { number: 'A-000002' }))).toMatchObject({
      part: 'hash',
      difference: 'A-000002 is not number 1 of series A',
    });
    for (const change of [{ finalisedAt: '2026-04-06T00:00:00.000Z' }, { previousHash: '0'.repeat(64) }, { hash: '0'.repeat(64) }])
      expect(changed((copy) => Object.assign(copy.invoice, change))).toMatchObject({ part: 'hash' });
  });

  test('a file of another form', () => {
    expect(verify({})).toMatchObject({ part: 'form', difference: expect.stringMatching(/^schema: /) });
    expect(changed((copy) => Object.assign(at(copy.rows, 0), { quantity: '1.5' }))).toMatchObject({
      part: 'form',
      difference: 'rows.0.quantity: must be a whole number',
    });
    expect(changed((copy) => Object.assign(copy, { extra: 1 }))).toMatchObject({ part: 'form' });
  });

  test('rows that contradict each other', () => {
    expect(forged((copy) => copy.rows.push({ ...at(copy.rows, 0), flags: ['allotted'] }))).toMatchObject({
      part: 'invoice',
      difference: expect.stringMatching(/told twice/),
    });
  });
});

test('an invoice that was finalised without proof has none', () => {
  const { proof, ...without } = input;
  const unproved = finalised(draftInvoice(without, sha256), 1);
  expect(verify(evidencePack(unproved, { ...input, proof: proof ?? pack.proof }))).toMatchObject({ agrees: false, part: 'inputs' });
});
