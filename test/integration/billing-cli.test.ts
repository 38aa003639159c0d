import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCsv, validateFocus } from '@bulkhead/accounting';
import { ensureTenant } from '@bulkhead/db';
import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeHost, minutes, proposal } from '../../packages/billing/test/books.ts';
import { startTestWeb, type TestWeb } from '../support/control/web.ts';
import { bulkhead, type Finished } from '../support/instance.ts';

let web: TestWeb;
let directory: string;
const run = (...args: string[]): Finished => bulkhead(args, { environment: { BULKHEAD_STATE_DIR: web.config.stateDirectory } });
const json = (...args: string[]) => JSON.parse(run(...args, '--json').stdout);
const file = (name: string, content: unknown): string => {
  const path = join(directory, name);
  writeFileSync(path, JSON.stringify(content));
  return path;
};

beforeAll(async () => {
  web = await startTestWeb();
  directory = mkdtempSync(join(tmpdir(), 'bulkhead-billing-'));
  const { instance, hostId, stateDirectory } = web.config;
  writeFileSync(join(stateDirectory, 'instance.json'), JSON.stringify({ version: 1, instance, hostId }));
  await ensureTenant(web.database.web, 'acme');
  const host = await makeHost(web.database.collector);
  await host.store(minutes(600, 720, { tenantId: 'acme', container: 1 }));
});
afterAll(async () => {
  await web?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

describe('from prices to a bill by the command line', () => {
  test('an account, an issuer and a plan are made and shown', () => {
    expect(run('invoice', 'account', 'acme', '--name', 'Acme').stderr).toMatch(/needs --name and --currency/);
    expect(json('invoice', 'account', 'acme', '--name', '=Acme', '--currency', 'EUR', '--tax-rate', '0.19').account).toMatchObject({
      currency: 'EUR',
      zone: 'UTC',
      graceHours: 72,
    });
    expect(run('invoice', 'account', 'nobody', '--name', 'N', '--currency', 'EUR')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/no tenant nobody/),
    });
    expect(run('invoice', 'issuer').stdout).toMatch(/nobody is named/);
    expect(json('invoice', 'issuer', '--name', 'Bulkhead GmbH', '--series', 'R')).toEqual({ name: 'Bulkhead GmbH', series: 'R' });
    const plan = proposal({ fees: [{ id: 'base', name: '=HYPERLINK("x")', amount: '5.00', proration: 'second' }] });
    expect(run('plan', 'create', file('plan.json', plan)).stdout).toMatch(/plan standard, version 1/);
    expect(run('plan', 'show', 'standard').stdout).toMatch(/CPU time used +0\.40 a Core-Hours/);
    expect(json('plan', 'ls')).toMatchObject([{ planId: 'standard', inForce: 1, tenants: 0 }]);
  });

  test.each([
    [
      'a negative price',
      { prices: [{ meter: 'cpu-used', price: { model: 'per-unit', unitPrice: '-1' } }] },
      /prices\.0\.price\.unitPrice: must not be negative/,
    ],
    [
      'overlapping tiers',
      {
        prices: [
          {
            meter: 'cpu-used',
            price: {
              model: 'graduated',
              tiers: [
                { from: '0', upTo: '10', unitPrice: '1' },
                { from: '5', upTo: 'max', unitPrice: '2' },
              ],
            },
          },
        ],
      },
      /prices\.0\.price\.tiers\.1\.from: overlaps: tier 1 ends at 10/,
    ],
    ['no currency', { currency: undefined }, /currency: a currency is missing/],
    ['a fee in more decimals than its currency has', { currency: 'JPY' }, /fees\.0\.amount: JPY has 0 decimals/],
  ])('%s is refused with the field and the cause', (_, changes, words) => {
    const result = run('plan', 'create', file('wrong.json', { ...proposal({ planId: 'wrong' }), ...changes }));
    expect(result).toMatchObject({ code: 2, stderr: expect.stringMatching(words) });
  });

  test('a worked example costs what the plan says', () => {
    const example = json('plan', 'preview', file('plan.json', proposal()), '--use', 'cpu-used=10', '--use', 'memory-used=1.5');
    expect(example).toMatchObject({ subtotal: '9.10', currency: 'EUR' });
    expect(run('plan', 'preview', file('plan.json', proposal()), '--use', 'cpu=10')).toMatchObject({ code: 2 });
  });

  test('what was read is drafted, refused while a host is silent, and finalised by an override', () => {
    expect(run('plan', 'assign', 'standard', '--tenant', 'acme', '--from', '2026-01').stdout).toMatch(/from 2026-01-01T00:00:00\.000Z/);
    expect(json('credit', 'grant', '1.00', '--tenant', 'acme', '--reason', '+sorry', '--from', '2026-01-01T00:00:00Z')).toMatchObject({
      kind: 'grant',
      amount: '1.00',
    });
    const draft = run('invoice', 'draft', '--tenant', 'acme', '--month', '2026-01').stdout;
    expect(draft).toMatch(/host alpha is silent since 2026-01-01T12:00:00\.000Z/);
    expect(draft).toMatch(/total {2}7\.82 EUR/);
    expect(run('invoice', 'finalise', '--tenant', 'acme', '--month', '2026-01')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/not closed: host alpha is silent/),
    });
    expect(run('invoice', 'finalise', '--tenant', 'acme', '--month', '2099-01')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/has not ended/),
    });
    expect(run('invoice', 'finalise', '--tenant', 'acme', '--month', '2026-01', '--override', 'month end').stdout).toBe(
      'R-000001 is finalised: 7.82 EUR\n',
    );
    expect(json('invoice', 'list')).toMatchObject([{ number: 'R-000001', total: '7.82', status: 'finalised' }]);
    expect(run('invoice', 'show', 'R-000001').stdout).toMatch(/month end/);
    expect(json('credit', 'ls', '--tenant', 'acme').balances).toMatchObject([{ balance: '0.00' }]);
  });

  test('renderings: PDF in both languages, CSV that starts no formula, JSON, valid FOCUS', () => {
    for (const language of ['en', 'zh']) {
      const path = join(directory, `${language}.pdf`);
      expect(run('invoice', 'pdf', 'R-000001', '--language', language, '-o', path).code).toBe(0);
      expect(readFileSync(path).subarray(0, 5).toString()).toBe('%PDF-');
    }
    const cells = parseCsv(run('invoice', 'csv', 'R-000001').stdout).flat();
    expect(cells).toContain('\'=HYPERLINK("x")');
    expect(cells.filter((cell) => /^[=+@]/.test(cell))).toEqual([]);
    expect(JSON.parse(run('invoice', 'json', 'R-000001').stdout)).toMatchObject({ number: 'R-000001', content: { total: '7.82' } });
    expect(validateFocus(run('invoice', 'focus', 'R-000001').stdout)).toEqual([]);
  });

  test('the evidence is verified where no instance is, and one changed digit is refused', () => {
    const path = join(directory, 'pack.zip');
    expect(run('invoice', 'evidence', 'R-000001', '-o', path).code).toBe(0);
    const verify = (name: string) => bulkhead(['invoice', 'verify', name], { environment: { BULKHEAD_STATE_DIR: '/nonexistent' } });
    expect(verify(path)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^R-000001 agrees: 7\.82 EUR, from \d+ rows and \d+ readings\n/),
    });
    const files = unzipSync(readFileSync(path));
    const pack = strFromU8(files['pack.json'] ?? new Uint8Array());
    const spoilt = join(directory, 'spoilt.zip');
    writeFileSync(
      spoilt,
      zipSync({
        ...files,
        'pack.json': strToU8(pack.replace(/"cpu-used":"(\d*)(\d)"/, (_, most, last) => `"cpu-used":"${most}${(Number(last) + 1) % 10}"`)),
      }),
    );
    expect(verify(spoilt)).toMatchObject({ code: 1, stderr: expect.stringMatching(/does not agree/) });
    expect(verify('/nonexistent.zip').code).toBe(2);
  });

  test('it is given back in part, voided never then, and paid', () => {
    const { content } = json('invoice', 'show', 'R-000001');
    const { key } = content.lines.find(({ kind }: { kind: string }) => kind === 'fee');
    expect(run('invoice', 'credit-note', 'R-000001', '--reason', 'outage')).toMatchObject({ code: 2 });
    expect(run('invoice', 'credit-note', 'R-000001', '--reason', 'outage', '--line', `${key}=1.00`).stdout).toBe(
      'R-000002 gives back of R-000001: -1.19 EUR\n',
    );
    expect(run('invoice', 'void', 'R-000001', '--reason', 'x')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/cannot become void/),
    });
    expect(run('invoice', 'pay', 'R-000001', '--payment', 'bank').stdout).toBe('R-000001 is paid: 7.82 EUR\n');
    expect(run('invoice', 'pay', 'R-000001', '--payment', 'bank').code).toBe(1);
    expect(run('invoice', 'pdf', 'R-000002', '-o', join(directory, 'note.pdf')).code).toBe(0);
    expect(run('invoice', 'evidence', 'R-000002')).toMatchObject({ code: 1, stderr: expect.stringMatching(/no evidence of its own/) });
    expect(run('invoice', 'show', 'R-000009')).toMatchObject({ code: 1, stderr: expect.stringMatching(/no invoice R-000009/) });
  });
});
