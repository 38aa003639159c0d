/** `./bulkhead check`: format, lint, layers, types, docs. Everything runs even where something failed; seconds in all. */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from './build/steps.ts';
import { checkDocs } from './check/docs.ts';

interface Outcome {
  name: string;
  ok: boolean;
  output: string;
  seconds: number;
}

const bin = join(root, 'node_modules/.bin');

function run(name: string, program: string, args: readonly string[]): Promise<Outcome> {
  const startedAt = performance.now();
  const path = `${dirname(process.execPath)}:${bin}:${process.env.PATH ?? '/usr/bin:/bin'}`;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, PATH: path, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', NO_UPDATE_NOTIFIER: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
    const end = (ok: boolean) => resolve({ name, ok, output, seconds: (performance.now() - startedAt) / 1000 });
    child.once('error', (failure) => {
      output += failure.message;
      end(false);
    });
    child.once('close', (code) => end(code === 0));
  });
}

async function runDocs(): Promise<Outcome> {
  const startedAt = performance.now();
  const problems = checkDocs(root);
  return { name: 'docs', ok: problems.length === 0, output: problems.join('\n'), seconds: (performance.now() - startedAt) / 1000 };
}

/** Types through turbo, which remembers: the web, the tests, and everything else as one program, for each program reads what it stands on anew. */
const checks: (() => Promise<Outcome>)[] = [
  () =>
    run('types', 'npx', [
      '--yes',
      '--package=pnpm@12.21.0',
      '--',
      join(bin, 'turbo'),
      'run',
      'types',
      'types:test',
      '--output-logs=errors-only',
      '--continue',
      `--concurrency=${availableParallelism()}`,
    ]),
  () => run('format and lint', join(bin, 'biome'), ['check', '--error-on-warnings', '--no-errors-on-unmatched', '.']),
  () =>
    run('layers', process.execPath, [
      join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs'),
      '--config',
      'scripts/check/arrows.config.mjs',
      '--output-type',
      'err-long',
      'packages',
      'apps',
    ]),
  runDocs,
];

const startedAt = performance.now();
// In a fresh clone the database client is not generated yet, and types stand on it.
const outcomes: Outcome[] = [await run('database client', process.execPath, [join(root, 'scripts/build.ts'), 'prisma'])];
const waiting = [...checks];
const work = async (): Promise<void> => {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) outcomes.push(await next());
};
await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, work));

for (const { name, ok, output, seconds } of outcomes) {
  // Tools talk about themselves; what is wrong stands in the other lines.
  const lines = output.split('\n').filter((line) => !/^npm warn|^ *• |^ *$/.test(line));
  if (!ok) process.stdout.write(`${lines.join('\n')}\n`);
  process.stdout.write(`${ok ? 'ok    ' : 'FAILED'} ${name} (${seconds.toFixed(1)} s)\n`);
}
const failed = outcomes.filter(({ ok }) => !ok).length;
process.stdout.write(
  `check: ${outcomes.length - failed} passed, ${failed} failed, ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`,
);
process.exitCode = failed === 0 ? 0 : 1;
