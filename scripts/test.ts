/** `./bulkhead test [TIER...] [-- FILTER...]`: all tiers by default; ends with one line over all of them. */
import { join } from 'node:path';
import { root } from './build/steps.ts';
import { installTestPackages } from './test/debian-packages.ts';
import { runTier, type TierResult } from './test/run-tier.ts';

const tiers = ['unit', 'integration', 'conformance', 'vm', 'minutes', 'e2e'] as const;
/** What waits for the clock most of the time goes beside the guests, which take what processors there are. */
const beside = { vm: 'minutes' } as const;

const separator = process.argv.indexOf('--');
const wanted = process.argv.slice(2, separator < 0 ? undefined : separator);
const filters = separator < 0 ? [] : process.argv.slice(separator + 1);
const unknown = wanted.find((name) => !(tiers as readonly string[]).includes(name));
if (unknown !== undefined) {
  process.stderr.write(`bulkhead: there is no tier "${unknown}"\n  there are ${tiers.join(', ')}\n`);
  process.exit(2);
}

installTestPackages(join(root, 'test/debian-packages.txt'));

const total: TierResult = { passed: 0, failed: 0, skipped: 0 };
const count = ({ passed, failed, skipped }: TierResult): void => {
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
};
const isWanted = (name: string): boolean => wanted.length === 0 || wanted.includes(name);
for (const tier of tiers.filter(isWanted)) {
  if (tier === beside.vm && isWanted('vm')) continue;
  process.stdout.write(`\n== ${tier}\n`);
  const other = tier === 'vm' && isWanted(beside.vm) ? runTier(root, beside.vm, filters, 'at the end') : undefined;
  count(await runTier(root, tier, filters));
  if (other !== undefined) count(await other);
}
process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
// In CI everything a test needs is there: a skip hides something.
const isCi = process.env.CI === 'true' || process.env.CI === '1';
process.exitCode = total.failed > 0 || (isCi && total.skipped > 0) ? 1 : 0;
