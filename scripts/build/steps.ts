import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { type Bundle, bundle, inputsOf } from './bundle.ts';
import { listInputs, StampFile } from './stamp.ts';

export const root = join(import.meta.dirname, '../..');
const cache = join(root, '.bootstrap');

const bundles: readonly (Bundle & { step: string })[] = [
  {
    step: 'cli',
    entry: 'apps/cli/src/main.ts',
    outputDirectory: 'apps/cli/dist',
    name: 'main',
    packagesStayOutside: false,
    packages: ['accounting', 'api', 'model'],
    separate: { entry: 'apps/cli/src/program.ts', name: 'program' },
  },
  { step: 'agent', entry: 'apps/agent/src/main.ts', outputDirectory: 'apps/agent/dist', name: 'main', packagesStayOutside: true },
  {
    step: 'launcher',
    entry: 'apps/agent/src/launcher/main.ts',
    outputDirectory: 'apps/agent/dist',
    name: 'launcher',
    packagesStayOutside: true,
  },
  {
    step: 'doctor',
    entry: 'apps/agent/src/doctor/main.ts',
    outputDirectory: 'apps/agent/dist',
    name: 'doctor',
    packagesStayOutside: true,
  },
  {
    step: 'collector',
    entry: 'apps/collector/src/main.ts',
    outputDirectory: 'apps/collector/dist',
    name: 'main',
    packagesStayOutside: true,
  },
  {
    step: 'migrate',
    entry: 'packages/db/src/migrate-main.ts',
    outputDirectory: 'packages/db/dist',
    name: 'migrate',
    packagesStayOutside: true,
  },
  { step: 'web', entry: 'apps/web/src/main.ts', outputDirectory: 'apps/web/dist', name: 'main', packagesStayOutside: true },
];

export interface Step {
  name: string;
  /** Files and directories it reads. */
  inputs: readonly string[];
  /** False where its sources do not exist. */
  present: boolean;
  /** Removed stamps make it run; a missing output too. */
  output: string;
  run(): Promise<void>;
}

/** Runs a tool of a package with its own binaries and ours first on the path; its output goes to a log. */
function runTool(directory: string, shellCommand: string, log: string): void {
  const path = [
    join(directory, 'node_modules/.bin'),
    dirname(process.execPath),
    join(root, 'node_modules/.bin'),
    '/usr/sbin:/usr/bin:/sbin:/bin',
  ];
  const result = spawnSync('/bin/sh', ['-c', shellCommand], {
    cwd: directory,
    env: { HOME: '/tmp', LANG: 'C.UTF-8', NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1', CI: 'true', PATH: path.join(':') },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const text = `${result.stdout}${result.stderr}`;
  mkdirSync(dirname(log), { recursive: true });
  writeFileSync(log, text);
  if (result.status !== 0) {
    const lines = stripVTControlCharacters(text).split('\n');
    const cause =
      lines.find((line) => /^\s*(?:\w*Error:|Type error:|error TS|ENOSPC)|ENOSPC|No space left/.test(line)) ??
      lines.find((line) => /error|cannot|failed/i.test(line)) ??
      lines.findLast((line) => line.trim() !== '') ??
      'no output';
    throw new Error(`${cause.trim().slice(0, 300)} (log: ${log})`);
  }
}

function packageScript(directory: string, name: string): string | undefined {
  const file = join(directory, 'package.json');
  if (!existsSync(file)) return undefined;
  return (JSON.parse(readFileSync(file, 'utf8')) as { scripts?: Record<string, string> }).scripts?.[name];
}

/** All steps in the order in which they need one another. */
export function steps(): Step[] {
  const database = join(root, 'packages/db');
  const generate = packageScript(database, 'generate');
  const web = join(root, 'apps/web');
  return [
    {
      name: 'prisma',
      inputs: [
        join(root, 'prisma/schema.prisma'),
        join(database, 'package.json'),
        join(database, 'prisma.config.ts'),
        join(database, 'scripts'),
      ],
      present: generate !== undefined && existsSync(join(root, 'prisma/schema.prisma')),
      output: join(database, 'src/generated'),
      run: async () => runTool(database, generate ?? 'exit 1', join(cache, 'prisma.log')),
    },
    ...bundles.map(
      (target): Step => ({
        name: target.step,
        inputs: inputsOf(root, target),
        present: existsSync(join(root, target.entry)),
        output: join(root, target.outputDirectory, `${target.name}.mjs`),
        run: () => bundle(root, target),
      }),
    ),
    {
      name: 'pages',
      inputs: [
        web,
        ...['api', 'model', 'accounting', 'db', 'billing'].map((name) => join(root, 'packages', name)),
        join(root, 'tsconfig.base.json'),
      ],
      present: existsSync(join(web, 'app')) || existsSync(join(web, 'src/app')),
      output: join(web, '.next/BUILD_ID'),
      run: async () => runTool(web, 'next build', join(cache, 'pages.log')),
    },
  ];
}

/** Whether the step would do nothing new, and a way to run it that remembers what it read. */
export function stampOf(step: Step): StampFile {
  return new StampFile({
    path: join(cache, 'build', `${step.name}.json`),
    root,
    files: listInputs(step.inputs),
    // A changed lock file may change any tool; it is part of what every step reads.
    salt: `${process.version}\0${readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8')}`,
  });
}

/** Tells ./bulkhead when the command line was last found current: sources newer than this file make it ask again. */
export function touchCommandLineStamp(at: Date): void {
  mkdirSync(cache, { recursive: true });
  const file = join(cache, 'cli');
  writeFileSync(file, `${at.toISOString()}\n`);
  utimesSync(file, at, at);
}
