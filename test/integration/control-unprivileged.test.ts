import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { setUp } from '../support/control/session.ts';
import { startTestWeb } from '../support/control/web.ts';

const nobody = 65_534;
const program = join(import.meta.dirname, '../../apps/web/dist/main.mjs');

it('serves as a user who can write nothing beside the program', async ({ skip }) => {
  if (process.getuid?.() !== 0) skip('only root can start it as somebody else');
  accessSync(program, constants.R_OK);
  await using web = await startTestWeb({ uid: nobody, program });
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
