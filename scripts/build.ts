/**
 * Builds what the program runs from: `node scripts/build.ts [STEP...]`, all steps by default. A step whose inputs are
 * those of its last success is skipped.
 */
import { existsSync } from 'node:fs';
import { stampOf, steps, touchCommandLineStamp } from './build/steps.ts';

const wanted = new Set(process.argv.slice(2));
const startedAt = new Date();

for (const step of steps()) {
  if (wanted.size > 0 && !wanted.has(step.name)) continue;
  if (!step.present) continue;
  const stamp = stampOf(step);
  if (!(existsSync(step.output) && stamp.isCurrent())) {
    process.stderr.write(`bulkhead: building ${step.name}\n`);
    const snapshot = stamp.snapshot();
    try {
      await step.run();
    } catch (failure) {
      process.stderr.write(`bulkhead: building ${step.name} failed: ${failure instanceof Error ? failure.message : String(failure)}\n`);
      process.exit(1);
    }
    stamp.record(snapshot);
  }
  if (step.name === 'cli') touchCommandLineStamp(startedAt);
}
