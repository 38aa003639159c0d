import type { ReadingRecord } from '@bulkhead/model';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addMeters, type IncarnationUsage, usageOfContainers, usageOfIncarnations } from './usage.ts';

const hostId = '0198a000-0000-7000-8000-000000000001';
const bootId = '0198a000-0000-4000-8000-000000000002';
const epochMsec = Date.UTC(2026, 0, 1);

interface Facts {
  minute: number;
  cpu?: number;
  cgroupIno?: string;
  containerId?: string;
  tenantId?: string;
  final?: boolean;
  memory?: number;
}

function reading({
  minute,
  cpu,
  cgroupIno = '7',
  containerId = '00000000000000aa',
  tenantId = 'acme',
  final = false,
  memory = 0,
}: Facts): ReadingRecord {
  return {
    kind: 'reading',
    incarnation: { hostId, bootId, cgroupIno },
    containerId,
    containerName: 'burn',
    tenantId,
    at: new Date(epochMsec + minute * 60_000).toISOString(),
    boottimeMsec: String(1000 + minute * 60_000),
    final,
    reading: cpu === undefined ? {} : { cpuUsageUsec: String(cpu) },
    accumulators: { memoryByteSeconds: String(memory), measuredMsec: String(minute * 60_000), unmeasuredMsec: '0' },
  };
}

const at = (minute: number): string => new Date(epochMsec + minute * 60_000).toISOString();
const cpuOf = (usages: readonly IncarnationUsage[]): bigint | undefined => addMeters(usages.map(({ meters }) => meters)).cpuUsageUsec;

describe('usage of an incarnation', () => {
  test('its first reading counts from zero, for the agent made the cgroup', () => {
    expect(cpuOf(usageOfIncarnations([reading({ minute: 1, cpu: 20_000, final: true })]))).toBe(20_000n);
  });

  test('a container that lived between two minutes is counted by its final reading alone', () => {
    const [usage] = usageOfIncarnations([reading({ minute: 0.3, cpu: 1234, final: true })]);
    expect(usage).toMatchObject({ final: true, meters: { cpuUsageUsec: 1234n }, flags: [] });
  });

  test('a counter that went down adds what it then shows, and is flagged', () => {
    const usages = usageOfIncarnations([
      reading({ minute: 1, cpu: 100 }),
      reading({ minute: 2, cpu: 30 }),
      reading({ minute: 3, cpu: 50 }),
    ]);
    expect(cpuOf(usages)).toBe(150n);
    expect(usages[0]?.flags).toEqual(['reset']);
  });

  test('a meter that was not measured is absent, and its gap loses nothing', () => {
    expect(usageOfIncarnations([reading({ minute: 1 })])[0]?.meters).not.toHaveProperty('cpuUsageUsec');
    const gap = [reading({ minute: 1, cpu: 10 }), reading({ minute: 2 }), reading({ minute: 3, cpu: 40 })];
    expect(cpuOf(usageOfIncarnations(gap))).toBe(40n);
  });

  test('the same moment with other values is flagged and the first report counts', () => {
    const usages = usageOfIncarnations([reading({ minute: 1, cpu: 10 }), reading({ minute: 1, cpu: 99 })]);
    expect(cpuOf(usages)).toBe(10n);
    expect(usages[0]?.flags).toEqual(['conflict']);
  });

  test('counters beyond 2^53 and 2^63 keep every digit', () => {
    const big = reading({ minute: 1 });
    big.reading.ioReadBytes = '18446744073709551615';
    big.accumulators.memoryByteSeconds = '99999999999999999999';
    expect(usageOfIncarnations([big])[0]?.meters).toMatchObject({
      ioReadBytes: 18_446_744_073_709_551_615n,
      memoryByteSeconds: 99_999_999_999_999_999_999n,
    });
  });

  test('counters of two incarnations never meet', () => {
    const usages = usageOfIncarnations([reading({ minute: 1, cpu: 500, final: true }), reading({ minute: 2, cpu: 20, cgroupIno: '8' })]);
    expect(usages).toHaveLength(2);
    expect(usages.flatMap(({ flags }) => flags)).toEqual([]);
    const [container] = usageOfContainers(usages);
    expect(container).toMatchObject({ meters: { cpuUsageUsec: 520n }, final: false });
  });
});

describe('windows', () => {
  const readings = [reading({ minute: 1, cpu: 10 }), reading({ minute: 2, cpu: 25 }), reading({ minute: 3, cpu: 45 })];

  test('a reading at the very boundary belongs to the window that ends there', () => {
    expect(cpuOf(usageOfIncarnations(readings, { to: at(2) }))).toBe(25n);
    expect(cpuOf(usageOfIncarnations(readings, { from: at(2) }))).toBe(20n);
  });

  test('an incarnation without a reading in the window is not there', () => {
    expect(usageOfIncarnations(readings, { from: at(3) })).toEqual([]);
  });

  test('a final reading after the window leaves the line open', () => {
    const ended = [...readings, reading({ minute: 4, cpu: 46, final: true })];
    expect(usageOfIncarnations(ended, { to: at(3) })[0]?.final).toBe(false);
    expect(usageOfIncarnations(ended, { to: at(4) })[0]?.final).toBe(true);
  });
});

/** Lives of a few containers: increments that may restart from zero, readings that may lack the counter. */
const lives = fc
  .array(
    fc.record({
      cgroupIno: fc.constantFrom('7', '8', '9'),
      cpu: fc.option(fc.nat(1_000_000), { nil: undefined }),
      restart: fc.boolean(),
      memory: fc.nat(1_000_000),
    }),
    { maxLength: 60 },
  )
  .map((steps) => {
    const cpu = new Map<string, number>();
    const memory = new Map<string, number>();
    return steps.map((step, index) => {
      const { cgroupIno } = step;
      memory.set(cgroupIno, (memory.get(cgroupIno) ?? 0) + step.memory);
      if (step.cpu !== undefined) cpu.set(cgroupIno, (step.restart ? 0 : (cpu.get(cgroupIno) ?? 0)) + step.cpu);
      return reading({
        minute: index,
        cgroupIno,
        containerId: cgroupIno.padStart(16, '0'),
        tenantId: cgroupIno === '9' ? 'beta' : 'acme',
        memory: memory.get(cgroupIno) ?? 0,
        ...(step.cpu === undefined ? {} : { cpu: cpu.get(cgroupIno) ?? 0 }),
      });
    });
  });

describe('properties', () => {
  test('readings that come shuffled, late or twice give the same usage', () => {
    fc.assert(
      fc.property(
        lives.chain((readings) =>
          fc.tuple(fc.constant(readings), fc.shuffledSubarray([...readings, ...readings, ...readings], { minLength: readings.length * 3 })),
        ),
        ([readings, delivered]) => {
          expect(usageOfIncarnations(delivered)).toEqual(usageOfIncarnations(readings));
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('windows that meet add up to the whole', () => {
    fc.assert(
      fc.property(lives, fc.nat(60), (readings, cut) => {
        const parts = [...usageOfIncarnations(readings, { to: at(cut) }), ...usageOfIncarnations(readings, { from: at(cut) })];
        expect(addMeters(parts.map(({ meters }) => meters))).toEqual(addMeters(usageOfIncarnations(readings).map(({ meters }) => meters)));
      }),
      { numRuns: 1000 },
    );
  });

  test('no quantity is negative, and a further reading never makes one smaller', () => {
    fc.assert(
      fc.property(lives, (readings) => {
        let last = 0n;
        for (let length = 1; length <= readings.length; length += 1) {
          const memory = addMeters(usageOfIncarnations(readings.slice(0, length)).map(({ meters }) => meters)).memoryByteSeconds ?? 0n;
          expect(memory >= last).toBe(true);
          last = memory;
          for (const { meters } of usageOfIncarnations(readings.slice(0, length)))
            for (const value of Object.values(meters)) expect(value >= 0n).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });
});
