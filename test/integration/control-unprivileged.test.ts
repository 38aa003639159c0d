import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, it } from 'vitest';
import { setUp } from '../support/control/session.ts';
import { startTestWeb } from '../support/control/web.ts';

const nobody = 65_534;
const root = join(import.meta.dirname, '../..');

/** The checkout, read-only and where everybody may read it, as `up` gives it to the services. */
function mountProgram(): { path: string } & Disposable {
  const path = mkdtempSync('/run/bulkhead-test-');
  chmodSync(path, 0o755);
  execFileSync('mount', ['--bind', root, path]);
  execFileSync('mount', ['-o', 'remount,bind,ro', path]);
  return {
    path,
    [Symbol.dispose]() {
      execFileSync('umount', [path]);
      rmdirSync(path);
    },
  };
}

it('serves as another user from a read-only copy of the tree', async ({ skip }) => {
  if (process.getuid?.() !== 0) skip('only root can mount the program and start it as somebody else');
  using program = mountProgram();
  await using web = await startTestWeb({
    uid: nobody,
    program: join(program.path, 'apps/web/dist/main.mjs'),
    node: join(program.path, relative(root, process.execPath)),
  });
  const session = await setUp(web);
  for (const path of ['/', '/containers', '/usage', '/events']) {
    const answer = await fetch(web.origin + path, { headers: session.headers });
    expect(answer.status, path).toBe(200);
    const html = await answer.text();
    // Each script a page names is there, and the browser may keep it.
    for (const [, source = ''] of html.matchAll(/<script[^>]* src="([^"]+)"/g)) {
      const script = await fetch(new URL(source, web.origin));
      expect(script.status, source).toBe(200);
      expect(script.headers.get('cache-control')).toContain('immutable');
    }
  }
  session.close();
  expect(web.log()).not.toMatch(/EACCES|EROFS|"level":50/);
});
