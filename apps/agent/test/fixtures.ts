import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Container, HostEvent, ReadingRecord } from '@bulkhead/model';

/** A directory that goes with the test. */
export function temporaryDirectory(): Disposable & { path: string } {
  const path = mkdtempSync(join(tmpdir(), 'bulkhead-agent-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export const hostId = '0b9b3c1e-52a4-4a53-9a0e-0d3f6c1f9a11';
export const bootId = '5d1d4c0a-8f43-4f0b-bb53-0b1c5f2a7c22';

export const makeContainer = (facts: Partial<Container> = {}): Container => ({
  id: '0123456789abcdef',
  name: 'burn',
  tenantId: 'acme',
  image: 'host',
  args: ['true'],
  status: 'running',
  createdAt: '2026-01-01T00:00:00.000Z',
  limits: {},
  terminal: false,
  ...facts,
});

export const makeReading = (facts: Partial<ReadingRecord> = {}): ReadingRecord => ({
  kind: 'reading',
  incarnation: { hostId, bootId, cgroupIno: '42' },
  containerId: '0123456789abcdef',
  containerName: 'burn',
  tenantId: 'acme',
  at: '2026-01-01T00:00:00.000Z',
  boottimeMsec: '1000',
  final: false,
  reading: { cpuUsageUsec: '1' },
  accumulators: { memoryByteSeconds: '0', measuredMsec: '0', unmeasuredMsec: '0' },
  ...facts,
});

export const makeEvent = (id: string): HostEvent => ({ id, hostId, at: '2026-01-01T00:00:00.000Z', kind: 'agent.started', detail: {} });
