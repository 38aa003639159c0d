import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { hashInput, type Statement, signStatement } from '@bulkhead/api/statement';
import { Problem } from '@bulkhead/model';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bootId, hostId, temporaryDirectory } from '../../test/fixtures.ts';
import { createAuthenticate } from './authenticate.ts';
import { SeenStatements } from './seen-statements.ts';
import { Verifier } from './verify-keys.ts';

const web = generateKeyPairSync('ed25519');
const collector = generateKeyPairSync('ed25519');
const stranger = generateKeyPairSync('ed25519');
const pem = (key: typeof web): string => key.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const verifier = new Verifier([
  { name: 'web', publicKeyPem: pem(web), roles: ['administrator', 'member'] },
  { name: 'collector', publicKeyPem: pem(collector), roles: ['collector'] },
]);

const startMsec = Date.parse('2026-06-01T00:00:00Z');
const hourMsec = 3_600_000;
const path = 'container.kill';
const rawInput = { container: 'burn', signal: 9 };

let directory: ReturnType<typeof temporaryDirectory>;
let seen: SeenStatements;
let time: { wallMsec: number; boottimeNsec: bigint };
const clock = () => time;
/** Both clocks go on; then the wall clock is set by `stepMsec`. */
const pass = (msec: number, stepMsec = 0) => {
  time = { wallMsec: time.wallMsec + msec + stepMsec, boottimeNsec: time.boottimeNsec + BigInt(msec) * 1_000_000n };
};
const openSeen = (boot = bootId) => new SeenStatements({ path: join(directory.path, 'statements.sqlite'), bootId: boot, clock });

beforeEach(() => {
  directory = temporaryDirectory();
  time = { wallMsec: startMsec, boottimeNsec: 86_400_000_000_000n };
  seen = openSeen();
});
afterEach(() => {
  seen[Symbol.dispose]();
  directory[Symbol.dispose]();
});

const statementOf = (facts: Partial<Statement> = {}): Statement => ({
  version: 1,
  audience: hostId,
  subject: { kind: 'user', id: 'u1', name: 'Ada' },
  role: 'member',
  tenants: ['acme'],
  procedure: path,
  inputHash: hashInput(rawInput),
  jti: randomUUID(),
  issuedAtMsec: time.wallMsec,
  expiresAtMsec: time.wallMsec + 30_000,
  ...facts,
});
const signed = (facts: Partial<Statement> = {}, key = web): string => signStatement(statementOf(facts), key.privateKey);

const authenticate = (statement: string | undefined, call: { path?: string; rawInput?: unknown; uid?: number | undefined } = {}) =>
  createAuthenticate({ hostId, verifier, seen, clock })({
    context: { statement, peer: 'uid' in call && call.uid === undefined ? undefined : { uid: call.uid ?? 1000, pid: 1 } },
    path: call.path ?? path,
    rawInput: 'rawInput' in call ? call.rawInput : rawInput,
  });

const refusal = (run: () => unknown): string => {
  try {
    run();
  } catch (failure) {
    if (!(failure instanceof Problem)) throw failure;
    expect(failure.code).toBe('unauthenticated');
    return failure.message;
  }
  throw new Error('was accepted');
};

describe('a call without a statement', () => {
  it('is local root where the kernel says uid 0', () => {
    expect(authenticate(undefined, { uid: 0 })).toMatchObject({ role: 'local-root', tenants: 'all' });
  });
  it.each([1000, 65_534, undefined])('is anonymous with uid %s', (uid) => {
    expect(authenticate(undefined, { uid }).role).toBe('anonymous');
  });
});

describe('a statement', () => {
  it('gives the rights of its subject, whoever carries it', () => {
    for (const uid of [1000, 0]) {
      const caller = authenticate(signed(), { uid });
      expect(caller).toEqual({ subject: { kind: 'user', id: 'u1', name: 'Ada' }, role: 'member', tenants: new Set(['acme']) });
    }
    expect(authenticate(signed({ role: 'administrator', tenants: 'all' }))).toMatchObject({ role: 'administrator', tenants: 'all' });
    expect(authenticate(signed({ role: 'collector', tenants: 'all' }, collector)).role).toBe('collector');
  });

  it('holds for a call without input', () => {
    expect(authenticate(signed({ inputHash: hashInput(undefined) }), { rawInput: undefined }).role).toBe('member');
  });

  it('is refused when it has expired', () => {
    const text = signed();
    pass(29_999);
    authenticate(text);
    const other = signed();
    pass(30_000);
    expect(refusal(() => authenticate(other))).toMatch(/expired/);
  });

  it('is refused when it is from the future, or lives too long', () => {
    expect(refusal(() => authenticate(signed({ issuedAtMsec: startMsec + 6000, expiresAtMsec: startMsec + 20_000 })))).toMatch(/future/);
    expect(refusal(() => authenticate(signed({ expiresAtMsec: startMsec + 60_001 })))).toMatch(/lives too long/);
    // A control plane whose clock is a little ahead is believed.
    authenticate(signed({ issuedAtMsec: startMsec + 4000, expiresAtMsec: startMsec + 64_000 }));
  });

  it('is refused for another host, another procedure and another input', () => {
    expect(refusal(() => authenticate(signed({ audience: randomUUID() })))).toMatch(/another host/);
    expect(refusal(() => authenticate(signed(), { path: 'container.delete' }))).toMatch(/is for container.kill/);
    expect(refusal(() => authenticate(signed(), { rawInput: { container: 'burn', signal: 15 } }))).toMatch(/another input/);
    expect(refusal(() => authenticate(signed(), { rawInput: undefined }))).toMatch(/another input/);
  });

  it('is refused with another key, or a role that its key may not speak for', () => {
    expect(refusal(() => authenticate(signed({}, stranger)))).toMatch(/not signed/);
    expect(refusal(() => authenticate(signed({ role: 'collector', tenants: 'all' }, web)))).toMatch(
      /does not speak for the role collector/,
    );
    expect(refusal(() => authenticate(signed({ role: 'administrator', tenants: 'all' }, collector)))).toMatch(/does not speak/);
    expect(refusal(() => authenticate(signed({ tenants: 'all' })))).toMatch(/every tenant/);
  });

  it('is refused when a single character of it was altered', () => {
    const text = signed();
    for (let at = 0; at < text.length; at += 7) {
      const other = text[at] === 'A' ? 'B' : 'A';
      refusal(() => authenticate(text.slice(0, at) + other + text.slice(at + 1)));
    }
    for (const rubbish of ['', '.', 'a.b', 'a.b.c', text.slice(0, -2), `${text}.x`, `${text}, ${text}`, '\u0000', 'x'.repeat(70_000)])
      refusal(() => authenticate(rubbish));
  });

  it('serves once, also in other letters', () => {
    const text = signed();
    authenticate(text);
    expect(refusal(() => authenticate(text))).toMatch(/used before/);
    const jti = randomUUID();
    authenticate(signed({ jti }));
    expect(refusal(() => authenticate(signed({ jti: jti.toUpperCase() })))).toMatch(/used before/);
  });

  it('serves once over a restart, a reboot and a clock set back', () => {
    const texts = Array.from({ length: 100 }, () => signed());
    for (const text of texts) authenticate(text);
    seen[Symbol.dispose]();
    seen = openSeen();
    for (const text of texts) expect(refusal(() => authenticate(text))).toMatch(/used before/);
    // An hour later the clock is set back to where they were good.
    for (let minute = 0; minute < 61; minute += 1) {
      pass(60_000);
      seen.prune();
    }
    pass(0, -61 * 60_000);
    for (const text of texts) expect(refusal(() => authenticate(text))).toMatch(/used before/);
  });

  it('is refused after it was forgotten, should the clock be set far back', () => {
    const text = signed();
    authenticate(text);
    pass(3 * hourMsec);
    seen.prune();
    expect(seen.count).toBe(0);
    pass(0, -3 * hourMsec);
    expect(refusal(() => authenticate(text))).toMatch(/used before/);
    seen[Symbol.dispose]();
    seen = openSeen();
    expect(refusal(() => authenticate(text))).toMatch(/used before/);
  });

  it('is forgotten after a reboot only once it has expired', () => {
    const text = signed();
    authenticate(text);
    seen[Symbol.dispose]();
    time = { wallMsec: time.wallMsec + 20_000, boottimeNsec: 5_000_000_000n };
    seen = openSeen('9d1d4c0a-8f43-4f0b-bb53-0b1c5f2a7c22');
    expect(seen.count).toBe(1);
    expect(refusal(() => authenticate(text))).toMatch(/before this host started/);
    pass(60_000);
    seen.prune();
    expect(seen.count).toBe(0);
  });
});
