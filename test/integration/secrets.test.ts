import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ServiceConfig } from '@bulkhead/model';
import { expect, test } from 'vitest';
import { eventually, startInstance } from '../support/instance.ts';
import { describeNeeds } from '../support/needs.ts';
import { startPostgres } from '../support/postgres.ts';

/** Files below a directory that hold a text, by grep(1). */
const filesWith = (text: string, directory: string): string[] =>
  spawnSync('grep', ['-r', '-l', '-a', '-F', '--exclude-dir=program', '--', text, directory], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter(Boolean);

describeNeeds({ root: true, cgroup: 'any', programs: ['setpriv', 'useradd', 'grep'] }, 'five planted secrets', () => {
  test('stand nowhere but where they are kept: not in logs, transcripts, journals or what is printed later', async () => {
    await using server = await startPostgres();
    await using instance = await startInstance({ environment: { DATABASE_URL: server.url('bulkhead_owner', 'elsewhere') } });
    const { paths, url } = instance;
    const token = new URL(instance.setupLink ?? '').searchParams.get('token') ?? '';
    const password = 'correct-horse-battery-staple-5';
    const headers = { origin: url, 'x-bulkhead-client': 'test', 'content-type': 'application/json' };
    const post = (path: string, body: object, more: Record<string, string> = {}) =>
      fetch(url + path, { method: 'POST', headers: { ...headers, ...more }, body: JSON.stringify(body) });

    expect((await post('/api/trpc/setup.complete', { token, name: 'Ada', email: 'ada@example.org', password })).status).toBe(200);
    // What is refused is logged: the moment when a careless line would show it.
    expect((await post('/api/trpc/setup.complete', { token, name: 'Eve', email: 'eve@example.org', password })).status).not.toBe(200);
    expect((await post('/api/auth/sign-in/email', { email: 'ada@example.org', password: `${password}-wrong` })).status).toBe(401);
    const signedIn = await post('/api/auth/sign-in/email', { email: 'ada@example.org', password });
    const cookie = (signedIn.headers.getSetCookie()[0] ?? '').split(';')[0] ?? '';
    const session = decodeURIComponent(cookie.slice(cookie.indexOf('=') + 1)).split('.')[0] ?? '';
    const asked = { name: 'planted', tenantId: 'acme', image: 'host', args: ['true'] };
    expect((await post('/api/trpc/container.create', asked, { cookie })).status).toBe(200);
    expect((await post('/api/trpc/container.start', { container: 'planted' }, { cookie })).status).toBe(200);
    expect(instance.run('rm', '-f', 'planted').code).toBe(0);
    const events = () =>
      fetch(`${url}/api/trpc/event.list?input=${encodeURIComponent('{"limit":100}')}`, { headers: { ...headers, cookie } });
    const listed = await eventually('the deletion among the events', async () => {
      const text = await (await events()).text();
      return text.includes('container.deleted') && text;
    });

    const config = ServiceConfig.parse(JSON.parse(readFileSync(paths.config('web'), 'utf8')));
    const signingKey = readFileSync(config.signingKeyFile ?? '', 'utf8').split('\n')[1] ?? '';
    const databasePassword = decodeURIComponent(new URL(config.databaseUrl ?? '').password);
    const secrets = { token, password, session, signingKey, databasePassword };
    for (const [name, text] of Object.entries(secrets)) expect({ name, long: text.length >= 20 }).toEqual({ name, long: true });

    // Its own file, the services' configuration, and what the migration keeps for the next start.
    const homes = new Set([config.signingKeyFile, paths.config('web'), paths.config('collector')]);
    const kept = (file: string) => homes.has(file) || /role-passwords[^/]*$/.test(file);
    for (const [name, text] of Object.entries(secrets)) {
      const found = [paths.state, paths.run].flatMap((directory) => filesWith(text, directory)).filter((file) => !kept(file));
      expect({ name, found }).toEqual({ name, found: [] });
      expect({ name, told: listed.includes(text) }).toEqual({ name, told: false });
    }
    // The link itself is printed once, by `up`, and by nothing else.
    expect(instance.child.output().split(token).length).toBe(2);
    expect(instance.child.output()).not.toContain(databasePassword);
    // The search does find what is there: the events' own words are in the journal or the logs.
    expect(readdirSync(paths.logs).length).toBeGreaterThan(0);
    expect(filesWith('container.deleted', paths.agentState).length + filesWith('ready', paths.logs).length).toBeGreaterThan(0);
    expect(filesWith(databasePassword, join(paths.run, 'config')).length).toBeGreaterThan(0);
  });
});
