/** `./bulkhead bench [NAME...]`: each module of this directory measures ours, a peer and where it can a floor, in one run. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type BenchResult, isReached } from './result.ts';

const notBenches = new Set(['main.ts', 'result.ts']);
const names = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !notBenches.has(name))
  .map((name) => name.slice(0, -3));

interface Bench {
  run?: () => Promise<BenchResult | readonly BenchResult[]>;
}

const round = (value: number): string =>
  value >= 1000 ? Math.round(value).toLocaleString('en') : value >= 100 ? value.toFixed(0) : value.toFixed(2);

function describe(result: BenchResult): string {
  const { name, unit, ours, peer, floor, ratio, goal, failures } = result;
  const parts = [`ours ${round(ours)} ${unit}`];
  if (!Number.isNaN(peer)) parts.push(`peer ${round(peer)} ${unit}`);
  if (floor !== undefined) parts.push(`floor ${round(floor)} ${unit}`);
  parts.push(`ratio ${ratio.toFixed(2)}`);
  if (goal !== undefined) parts.push('atLeast' in goal ? `goal at least ${goal.atLeast}` : `goal at most ${goal.atMost}`);
  parts.push(`failures ${failures}`);
  return `${isReached(result) ? 'ok    ' : 'MISSED'} ${name}: ${parts.join(', ')}`;
}

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !names.includes(name));
if (unknown !== undefined) {
  process.stderr.write(`bulkhead: there is no bench "${unknown}"\n  there are ${names.join(', ')}\n`);
  process.exit(2);
}

let missed = 0;
for (const name of wanted.length > 0 ? wanted : names) {
  const bench = (await import(join(import.meta.dirname, `${name}.ts`))) as Bench;
  // A part that others share exports no run.
  if (bench.run === undefined) continue;
  try {
    for (const result of [await bench.run()].flat()) {
      process.stdout.write(`${describe(result)}\n`);
      for (const note of result.notes ?? []) process.stdout.write(`       ${note}\n`);
      if (!isReached(result)) missed += 1;
    }
  } catch (failure) {
    missed += 1;
    process.stdout.write(`FAILED ${name}: ${failure instanceof Error ? failure.message : String(failure)}\n`);
  }
}
process.exitCode = missed > 0 ? 1 : 0;
