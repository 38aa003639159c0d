import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** A tree that looks like the workspace, with the same rules and only the files that a test puts there. */
let workspace: string;

beforeAll(() => {
  workspace = mkdtempSync(join(tmpdir(), 'bulkhead-rules-'));
  cpSync(join(root, 'biome.json'), join(workspace, 'biome.json'));
  cpSync(join(root, 'scripts/check'), join(workspace, 'scripts/check'), { recursive: true, filter: (path) => !path.endsWith('.test.ts') });
  symlinkSync(join(root, 'node_modules'), join(workspace, 'node_modules'));
  // The configuration asks for git's ignore file.
  writeFileSync(join(workspace, '.gitignore'), 'node_modules\n');
});
afterAll(() => rmSync(workspace, { recursive: true, force: true }));

function put(files: Record<string, string>): void {
  for (const folder of ['packages', 'apps']) rmSync(join(workspace, folder), { recursive: true, force: true });
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(workspace, path)), { recursive: true });
    writeFileSync(join(workspace, path), content);
  }
}

function lint(path: string, content: string): string {
  put({ [path]: content });
  const result = spawnSync(join(root, 'node_modules/.bin/biome'), ['lint', '--colors=off', '--max-diagnostics=50', path], {
    cwd: workspace,
    encoding: 'utf8',
  });
  return `${result.stdout}${result.stderr}`.replace(/\s+/g, ' ');
}

function layers(files: Record<string, string>): { status: number | null; output: string } {
  put(files);
  const result = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs'),
      '--config',
      'scripts/check/arrows.config.mjs',
      '--output-type',
      'err-long',
      ...new Set(Object.keys(files).map((path) => path.split('/')[0] ?? '')),
    ],
    { cwd: workspace, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } },
  );
  return { status: result.status, output: `${result.stdout}${result.stderr}`.replace(/\s+/g, ' ') };
}

describe('invariants 1, 2 and 14 fire on a bad sample, and say what to use instead', () => {
  const bad: readonly [string, string, string, string][] = [
    [
      'koffi outside packages/kernel',
      'packages/cgroup/src/a.ts',
      "import koffi from 'koffi';\nexport const a = koffi;\n",
      'Call a function of @bulkhead/kernel',
    ],
    ['koffi by import()', 'apps/agent/src/a.ts', "export const a = await import('koffi');\n", 'Call a function of @bulkhead/kernel'],
    [
      'a bare descriptor',
      'packages/cgroup/src/a.ts',
      "import { openSync } from 'node:fs';\nexport const a = openSync('/', 'r');\n",
      'Use an Fd of @bulkhead/kernel',
    ],
    [
      'a bare descriptor in the launcher',
      'packages/container/src/launcher/a.ts',
      "import { writeSync } from 'node:fs';\nexport const a = writeSync;\n",
      'Use an Fd of @bulkhead/kernel',
    ],
    [
      'a fork in the agent',
      'apps/agent/src/a.ts',
      "import { Slot } from '@bulkhead/kernel';\nexport const a = new Slot();\n",
      'packages/container/src/init',
    ],
    [
      'a fork in packages/namespace',
      'packages/namespace/src/a.ts',
      "import { Slot } from '@bulkhead/kernel';\nexport const a = new Slot();\n",
      'packages/container/src/init',
    ],
    [
      'a child process in the agent',
      'apps/agent/src/a.ts',
      "import { spawn } from 'node:child_process';\nexport const a = spawn;\n",
      'do it with @bulkhead/kernel',
    ],
    [
      'a child process in a command',
      'apps/cli/src/command/a.ts',
      "import { spawn } from 'child_process';\nexport const a = spawn;\n",
      'do it with @bulkhead/kernel',
    ],
    ['process.env', 'apps/collector/src/a.ts', 'export const a = process.env.HOME;\n', 'one validated file per program'],
    [
      'env of node:process',
      'packages/db/src/a.ts',
      "import { env } from 'node:process';\nexport const a = env;\n",
      'one validated file per program',
    ],
  ];
  test.each(bad)('%s', (_, path, content, advice) => {
    expect(lint(path, content)).toContain(advice);
  });

  const good: readonly [string, string, string][] = [
    ['koffi in packages/kernel', 'packages/kernel/src/a.ts', "import koffi from 'koffi';\n\nexport const a = koffi;\n"],
    [
      'a fork in the launcher',
      'packages/container/src/launcher/a.ts',
      "import { Slot } from '@bulkhead/kernel';\n\nexport const a = new Slot();\n",
    ],
    [
      'a child process of the supervisor',
      'apps/cli/src/up/a.ts',
      "import { spawn } from 'node:child_process';\n\nexport const a = spawn;\n",
    ],
    ['process.env in env.ts', 'apps/agent/src/env.ts', 'export const a = process.env.HOME;\n'],
  ];
  test.each(good)('%s is allowed', (_, path, content) => {
    expect(lint(path, content)).toContain('No fixes applied');
    expect(lint(path, content)).not.toMatch(/noRestrictedImports|plugin/);
  });
});

describe('the arrows fire on a bad sample', () => {
  const from = (path: string) => `import { a } from '${path}';\nexport const b = a;\n`;
  const value = 'export const a = 1;\n';
  const bad: readonly [string, string, Record<string, string>][] = [
    [
      'a lower package that imports a higher one',
      'arrows-of-packages-cgroup',
      { 'packages/cgroup/src/a.ts': from('../../container/src/b.ts'), 'packages/container/src/b.ts': value },
    ],
    [
      'the command line that imports the agent',
      'arrows-of-apps-cli',
      { 'apps/cli/src/a.ts': from('../../agent/src/b.ts'), 'apps/agent/src/b.ts': value },
    ],
    [
      'the dashboard that imports the kernel',
      'arrows-of-apps-web',
      { 'apps/web/src/a.ts': from('../../../packages/kernel/src/b.ts'), 'packages/kernel/src/b.ts': value },
    ],
    [
      'a type alone crosses a border',
      'arrows-of-packages-model',
      {
        'packages/model/src/a.ts': "import type { A } from '../../api/src/b.ts';\nexport type B = A;\n",
        'packages/api/src/b.ts': 'export type A = 1;\n',
      },
    ],
    [
      'model that imports Node',
      'model-runs-in-a-browser',
      { 'packages/model/src/a.ts': "import { readFileSync } from 'node:fs';\nexport const b = readFileSync;\n" },
    ],
    [
      'accounting that imports Node',
      'accounting-is-pure',
      { 'packages/accounting/src/a.ts': "import { createHash } from 'node:crypto';\nexport const b = createHash;\n" },
    ],
    [
      'a cycle',
      'no-cycles',
      { 'packages/db/src/a.ts': from('./b.ts'), 'packages/db/src/b.ts': "import { b } from './a.ts';\nexport const a = b;\n" },
    ],
    ['a file called utils', 'no-utils', { 'packages/db/src/a.ts': from('./utils.ts'), 'packages/db/src/utils.ts': value }],
    [
      'a product that imports a test',
      'no-tests-in-products',
      { 'packages/db/src/a.ts': from('./b.test.ts'), 'packages/db/src/b.test.ts': value },
    ],
    ['an import that leads nowhere', 'resolvable', { 'packages/db/src/a.ts': from('./gone.ts') }],
  ];
  test.each(bad)('%s', (_, rule, files) => {
    const { status, output } = layers(files);
    expect(output).toContain(`error ${rule}:`);
    expect(status).not.toBe(0);
  });

  test('what the plan allows passes', () => {
    const { status, output } = layers({
      'apps/agent/src/a.ts': from('../../../packages/container/src/b.ts'),
      'packages/container/src/b.ts': value,
    });
    expect(output).toContain('no dependency violations found');
    expect(status).toBe(0);
  });
});
