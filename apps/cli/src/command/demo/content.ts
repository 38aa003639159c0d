import type { BillingIssuer, BillingSettings, ContainerSpecInput, PlanProposal } from '@bulkhead/model';

/** In the environment of every container of the demo: that is how they are told from others of the same name. */
export const demoMark = 'BULKHEAD_DEMO=1';

export interface DemoTenant {
  tenantId: string;
  /** A tenant of this id and another name is somebody else's. */
  name: string;
  account: BillingSettings;
}

const account = { currency: 'EUR', zone: 'UTC', rounding: 'half-even', taxName: 'VAT', graceHours: 72 } as const;

export const demoTenants: readonly DemoTenant[] = [
  {
    tenantId: 'demo-acme',
    name: 'Acme (demo)',
    account: {
      ...account,
      tenantId: 'demo-acme',
      name: 'Acme (demo)',
      address: 'Harbour Road 1, Anytown',
      taxRate: '0.19',
      language: 'en',
    },
  },
  {
    tenantId: 'demo-globex',
    name: 'Globex (demo)',
    account: { ...account, tenantId: 'demo-globex', name: 'Globex (demo)', taxRate: '0', language: 'zh' },
  },
];

export const demoIssuer: BillingIssuer = { name: 'Bulkhead demo', series: 'DEMO' };

/**
 * Prices of the demo. The one thing in it that is made up, and high: what a container uses in seconds is to cost a cent.
 * The cap keeps a demo that somebody forgot from absurd sums.
 */
export const demoPlan: Omit<PlanProposal, 'effectiveFrom'> = {
  planId: 'bulkhead-demo',
  name: 'Demo prices',
  currency: 'EUR',
  prices: [
    { meter: 'cpu-used', price: { model: 'per-unit', unitPrice: '90' } },
    {
      meter: 'memory-used',
      price: {
        model: 'graduated',
        tiers: [
          { from: '0', upTo: '0.001', unitPrice: '40' },
          { from: '0.001', upTo: 'max', unitPrice: '30' },
        ],
      },
    },
    { meter: 'io-read-bytes', price: { model: 'per-unit', unitPrice: '2' } },
    { meter: 'running-time', price: { model: 'per-unit', unitPrice: '1.20' }, included: { quantity: '0.001', proration: 'none' } },
  ],
  fees: [{ id: 'base', name: 'Base fee', amount: '5.00', proration: 'second' }],
  cap: { amount: '200.00', proration: 'none' },
};

export interface DemoContainer {
  name: string;
  tenantId: string;
  /** What it does, as people are told. */
  habit: string;
  /** For `sh`. */
  script: string;
  limits: { cpuMaxMillis: number; memoryMaxBytes: number; pidsMax: number };
  /** It ends by itself: run so many times under one name, of which the last one's end is kept. */
  times?: number;
}

const mebibyte = 1024 * 1024;
const limits = (cpuMaxMillis: number, memoryMebibytes: number): DemoContainer['limits'] => ({
  cpuMaxMillis,
  memoryMaxBytes: memoryMebibytes * mebibyte,
  pidsMax: 16,
});

/** So many rounds of arithmetic, a microsecond of CPU each or less. */
const count = (rounds: number): string => `i=0; while [ $i -lt ${rounds} ]; do i=$((i + 1)); done`;

const steady = `n=0
while :; do
  ${count(100_000)}
  n=$((n + 1)); echo "round $n"
done`;

const bursts = `n=0
while :; do
  ${count(400_000)}
  n=$((n + 1)); echo "burst $n is over"
  sleep 6
done`;

/** Files in its root are memory, its own. */
const memory = `while :; do
  for step in 8 16 24 32 40 48 56 64; do
    head -c 8M /dev/zero >> /tmp/held
    echo "holding $step MiB"
    sleep 2
  done
  rm /tmp/held
  echo "let go"
  sleep 6
done`;

/** Reads past the page cache where the file system can, so that the disk has to move: programs of /usr, one after the other. */
const files = `mkdir -p /tmp/files
while :; do
  for program in /usr/bin/*; do
    [ -f "$program" ] || continue
    dd if="$program" of=/dev/null bs=64k count=32 iflag=direct 2>/dev/null || head -c 2M "$program" > /dev/null
    head -c 2M "$program" > /tmp/files/$((n % 8)); n=$((n + 1))
    echo "read $program"
    sleep 1
  done
done`;

/** The last one of several fails, so that there is the end of a failure to look at. */
const job = `${count(50_000)}
echo "job $RUN of $RUNS is done"
[ "$RUN" -lt "$RUNS" ] || { echo "nothing left to do" >&2; exit 3; }`;

/** Their limits together are half a CPU and 256 MiB: a demo must not be in the way of what a host is for. */
export const demoContainers: readonly DemoContainer[] = [
  {
    name: 'demo-steady',
    tenantId: 'demo-acme',
    habit: 'computes all the time, held by a quota of 0.1 CPU',
    script: steady,
    limits: limits(100, 24),
  },
  {
    name: 'demo-memory',
    tenantId: 'demo-acme',
    habit: 'memory that grows to 64 MiB and is let go',
    script: memory,
    limits: limits(50, 96),
  },
  { name: 'demo-idle', tenantId: 'demo-acme', habit: 'sleeps', script: 'exec sleep infinity', limits: limits(20, 16) },
  {
    name: 'demo-bursts',
    tenantId: 'demo-globex',
    habit: 'bursts of computing with rests between',
    script: bursts,
    limits: limits(200, 24),
  },
  {
    name: 'demo-files',
    tenantId: 'demo-globex',
    habit: 'reads programs of /usr from the disk and writes them into its own root, which is memory',
    script: files,
    limits: limits(50, 64),
  },
  {
    name: 'demo-job',
    tenantId: 'demo-globex',
    habit: 'short jobs one after the other, of which the last one fails',
    script: job,
    limits: limits(80, 32),
    times: 3,
  },
];

/** What the agent is asked for; `run` counts from 1. */
export const specOf = ({ name, tenantId, script, limits, times }: DemoContainer, run: number): ContainerSpecInput => ({
  name,
  tenantId,
  image: 'host',
  limits,
  args: ['sh', '-c', script],
  env: [demoMark, ...(times === undefined ? [] : [`RUN=${run}`, `RUNS=${times}`])],
  autoRemove: times !== undefined && run < times,
});
