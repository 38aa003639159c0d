import { Conservation, type LedgerReading } from '@bulkhead/model';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { at, hostId, reading } from '../test/readings.ts';
import { checkConservation, conservationOfHost, conservationOfTenant, growthWithin } from './conservation.ts';

const window = { hostId, tenantId: 'acme', meter: 'cpu-used', start: at(0), end: at(60), tolerancePpm: 1000 } as const;

/** Counters of a parent and its children, read in one go each minute; children come and go, some within a minute. */
const children = fc.array(
  fc.record({
    born: fc.nat(59),
    lives: fc.integer({ min: 0, max: 40 }),
    perMinute: fc.array(fc.nat(1_000_000), { minLength: 41, maxLength: 41 }),
    atEnd: fc.nat(500_000),
  }),
  { maxLength: 12 },
);
type Children = { born: number; lives: number; perMinute: number[]; atEnd: number }[];
function host(list: Children): { parent: LedgerReading[]; ledger: LedgerReading[] } {
  const growth = new Array<number>(101).fill(0);
  const ledger = list.flatMap(({ born, lives, perMinute, atEnd }, index) => {
    let cpu = 0;
    const readings = Array.from({ length: lives }, (_, age) => {
      cpu += perMinute[age] ?? 0;
      growth[born + age + 1] = (growth[born + age + 1] ?? 0) + (perMinute[age] ?? 0);
      return reading({ minute: born + age + 1, ino: String(index + 10), cpu, ageMinutes: age + 1 });
    });
    const end = born + lives + 0.5;
    growth[born + lives + 1] = (growth[born + lives + 1] ?? 0) + atEnd;
    return [...readings, reading({ minute: end, ino: String(index + 10), cpu: cpu + atEnd, ageMinutes: lives + 0.5, final: true })];
  });
  let cpu = 7_000_000;
  const parent = growth.map((more, minute) => {
    cpu += more;
    return reading({ minute, ino: '1', cpu, origin: 'adopted' });
  });
  return { parent, ledger };
}

describe('a tenant', () => {
  test('whose containers come and go keeps its ledger equal to its parent cgroup, which counts the dead', () => {
    fc.assert(
      fc.property(children, (list) => {
        expect(conservationOfTenant(window, host(list))).toMatchObject({ unexplained: '0', unexplainedPpm: 0, holds: true });
      }),
    );
  });

  test('of whose ledger one record is deleted does not', () => {
    fc.assert(
      fc.property(children, fc.nat(), (list, pick) => {
        const { parent, ledger } = host(list);
        const inWindow = ledger.filter(({ final, at: moment }) => final && moment <= window.end);
        fc.pre(inWindow.length > 0);
        const lost = inWindow[pick % inWindow.length];
        const { atEnd = 0 } = list[Number(lost?.incarnation.cgroupIno) - 10] ?? {};
        fc.pre(atEnd > 0);
        const check = conservationOfTenant({ ...window, tolerancePpm: 0 }, { parent, ledger: ledger.filter((one) => one !== lost) });
        expect(check).toMatchObject({ unexplained: String(atEnd), holds: false });
      }),
    );
  });

  test('windows that meet add up', () => {
    fc.assert(
      fc.property(children, fc.integer({ min: 1, max: 99 }), (list, cut) => {
        const { ledger } = host(list);
        const within = (start: number, end: number) => growthWithin(ledger, { meter: 'cpu-used', start: at(start), end: at(end) });
        expect(within(-1, cut) + within(cut, 200)).toBe(within(-1, 200));
      }),
    );
  });

  test('peaks do not add up', () => {
    expect(() => growthWithin([], { ...window, meter: 'memory-peak' })).toThrow(/is a peak/);
  });
});

describe('figures, by hand', () => {
  test.each([
    [1_000_000n, 999_000n, '1000', 1000, true],
    [1_000_000n, 998_999n, '1001', 1001, false],
    [1_000_000n, 1_000_001n, '-1', 1, true],
    [3n, 2n, '1', 333_334, false],
    [0n, 0n, '0', 0, true],
    [0n, 5n, '-5', null, false],
  ])('%i counted and %i explained leave %s, %s ppm: %s', (counter, quantity, unexplained, unexplainedPpm, holds) => {
    const check = checkConservation(window, counter, [{ name: 'ledger', quantity }]);
    expect(check).toMatchObject({ unexplained, unexplainedPpm, holds, tenantId: 'acme' });
    expect(Conservation.parse(check)).toEqual(check);
  });

  const figures = {
    root: 10_000n,
    instance: 6_000n,
    others: [{ name: '/system.slice', quantity: 3_000n }],
    tenants: [
      { tenantId: 'acme', quantity: 4_000n },
      { tenantId: null, quantity: 2_000n },
    ],
  };
  const { tenantId: _, ...ofHost } = window;

  test('tenants, others, kernel and root make the root of a host', () => {
    expect(conservationOfHost(ofHost, figures)).toMatchObject({
      explained: [
        { name: 'tenant acme', quantity: '4000' },
        { name: 'nobody', quantity: '2000' },
        { name: '/system.slice', quantity: '3000' },
        { name: 'kernel and root', quantity: '1000' },
      ],
      unexplained: '0',
      holds: true,
    });
  });

  test('what the ledger lacks is not taken for the kernel', () => {
    const lacking = { ...figures, tenants: [{ tenantId: 'acme', quantity: 4_000n }] };
    expect(conservationOfHost(ofHost, lacking)).toMatchObject({ unexplained: '2000', unexplainedPpm: 200_000, holds: false });
  });

  test('groups that count more than the root leave less than nothing, which is told', () => {
    expect(conservationOfHost(ofHost, { ...figures, root: 8_000n })).toMatchObject({ unexplained: '-1000', holds: false });
  });
});
