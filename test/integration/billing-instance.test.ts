import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { proposal } from '../../packages/billing/test/books.ts';
import { eventually, startInstance, type TestInstance } from '../support/instance.ts';
import { describeNeeds } from '../support/needs.ts';

let instance: TestInstance;
let directory: string;

/** CPU time of a container in microseconds, by the kernel's own file. */
function cpuUsec(id: string): bigint {
  const groups = spawnSync('find', ['/sys/fs/cgroup', '-type', 'd', '-name', `*${id}*`], { encoding: 'utf8' })
    .stdout.trim()
    .split('\n');
  const cat = (file: string): string | undefined => {
    const group = groups.find((path) => existsSync(join(path, file)));
    return group === undefined ? undefined : spawnSync('cat', [join(group, file)], { encoding: 'utf8' }).stdout;
  };
  const nsec = cat('cpuacct.usage');
  if (nsec !== undefined) return BigInt(nsec.trim()) / 1000n;
  return BigInt(/usage_usec (\d+)/.exec(cat('cpu.stat') ?? '')?.[1] ?? '-1');
}

describeNeeds(
  { root: true, cgroup: 'any', controllers: ['cpu', 'memory'], userNamespaces: true, programs: ['pdftotext'] },
  'a whole instance',
  () => {
    beforeAll(async () => {
      instance = await startInstance();
      directory = mkdtempSync(join(tmpdir(), 'bulkhead-bill-'));
    });
    afterAll(async () => {
      await instance?.[Symbol.asyncDispose]();
      if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
    });

    test('drafts what the kernel counted, to the microsecond, and prints it', async () => {
      const burn = 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; sleep 600';
      expect(instance.run('tenant', 'add', 'acme').code).toBe(0);
      expect(instance.run('run', '-d', '--name', 'burn', '--tenant', 'acme', '--', 'sh', '-c', burn).code).toBe(0);
      const [{ id }] = JSON.parse(instance.run('ps', '--json').stdout) as [{ id: string }];
      // It has burnt and sleeps: its counter stands still.
      await eventually('the container is at rest', async () => {
        const before = cpuUsec(id);
        await new Promise((resolve) => setTimeout(resolve, 700));
        return before > 100_000n && cpuUsec(id) === before;
      });
      writeFileSync(
        join(directory, 'plan.json'),
        JSON.stringify(proposal({ prices: [{ meter: 'cpu-used', price: { model: 'per-unit', unitPrice: '3600' } }] })),
      );
      for (const line of [
        ['invoice', 'account', 'acme', '--name', 'Acme', '--currency', 'EUR'],
        ['invoice', 'issuer', '--name', 'Bulkhead GmbH'],
        ['plan', 'create', join(directory, 'plan.json')],
        ['plan', 'assign', 'standard', '--tenant', 'acme', '--from', new Date().toISOString().slice(0, 7)],
      ])
        expect(instance.run(...line), line.join(' ')).toMatchObject({ code: 0, stderr: '' });
      const before = cpuUsec(id);
      const draft = JSON.parse(instance.run('invoice', 'draft', '--tenant', 'acme', '--json').stdout);
      expect(cpuUsec(id)).toBe(before);
      const line = draft.content.lines.find(({ meter }: { meter?: string }) => meter === 'cpu-used');
      expect(line.quantity).toBe(String(before));
      // A tenth of a cent a millisecond: what is charged is the rounded product.
      expect(Math.abs(Number(line.amount) - Number(before) / 1e6)).toBeLessThanOrEqual(0.005);
      const pdf = join(directory, 'draft.pdf');
      expect(instance.run('invoice', 'draft', '--tenant', 'acme', '--pdf', pdf, '--language', 'zh').code).toBe(0);
      expect(readFileSync(pdf).subarray(0, 5).toString()).toBe('%PDF-');
      expect(spawnSync('pdftotext', ['-layout', pdf, '-'], { encoding: 'utf8' }).stdout).toMatch(
        /CPU 使用时间[\s\S]*草稿|草稿[\s\S]*CPU 使用时间/,
      );
      const month = draft.content.period.month;
      expect(instance.run('invoice', 'finalise', '--tenant', 'acme', '--month', month, '--override', 'now')).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/the period has not ended/),
      });
    });
  },
);
