import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Caller } from '@bulkhead/api';
import { type CgroupVerb, HostPolicy, Problem } from '@bulkhead/model';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../test/fixtures.ts';
import { PolicyGate, readPolicy } from './policy.ts';

let directory: ReturnType<typeof temporaryDirectory>;
let path: string;
beforeEach(() => {
  directory = temporaryDirectory();
  path = join(directory.path, 'policy.json');
});
afterEach(() => directory[Symbol.dispose]());

const problem = (run: () => unknown): Problem => {
  try {
    run();
  } catch (failure) {
    if (failure instanceof Problem) return failure;
    throw failure;
  }
  throw new Error('nothing was thrown');
};

describe('policy file', () => {
  it('is the defaults where there is none', () => {
    expect(readPolicy(path)).toEqual(HostPolicy.parse({}));
    expect(readPolicy(path)).toMatchObject({ privilegedContainers: false, hostPaths: [], execIntoInitialUserNamespace: false });
  });

  it('is read where it is right', () => {
    writeFileSync(path, '{"version":1,"hostPaths":["/srv"]}');
    expect(readPolicy(path)).toMatchObject({ hostPaths: ['/srv'], hostNamespaces: false });
  });

  it.each([
    ['{"privilegedContainer": true}', /privilegedContainer/],
    ['{"privilegedContainers": "yes"}', /privilegedContainers: /],
    ['{"hostPaths": ["srv"]}', /hostPaths\.0: /],
    ['{"version": 2}', /version: /],
    ['{', /is not JSON/],
    ['[]', /is wrong/],
  ])('stops the agent where it is wrong, naming file and field: %s', (text, pattern) => {
    writeFileSync(path, text);
    const { message, remedy } = problem(() => readPolicy(path));
    expect(message).toContain(path);
    expect(message).toMatch(pattern);
    expect(remedy).toMatch(/mend the file/);
  });
});

describe('policy gate', () => {
  const caller = (role: Caller['role']): Caller => ({ subject: { kind: 'user', id: 'u', name: 'u' }, role, tenants: 'all' });
  const owned = (initial: boolean) => ({ namespaces: [{ type: 'user' as const, dev: '4', ino: '1', initial }] });

  it('caps a control plane, whoever signed in there, and names the line that would allow it', () => {
    const gate = new PolicyGate(HostPolicy.parse({}), path);
    for (const role of ['administrator', 'member'] as const) {
      gate.checkExec(caller(role), owned(false));
      for (const container of [owned(true), { namespaces: [] }]) {
        const { code, remedy } = problem(() => gate.checkExec(caller(role), container));
        expect(code).toBe('forbidden');
        expect(remedy).toContain('"execIntoInitialUserNamespace": true');
        expect(remedy).toContain(path);
      }
    }
  });

  it('does not cap a local root, nor what the file allows', () => {
    new PolicyGate(HostPolicy.parse({}), path).checkExec(caller('local-root'), owned(true));
    new PolicyGate(HostPolicy.parse({ execIntoInitialUserNamespace: true }), path).checkExec(caller('member'), owned(true));
  });

  it('lets a control plane set limits of cgroups that are not of this instance, and do more only where the file says so', () => {
    const limits = [{ key: 'memory.max' }];
    const refusal = (
      policy: object,
      verb: CgroupVerb,
      changes: { key: string }[] = [],
      role: Caller['role'] = 'administrator',
      foreign = true,
    ) => new PolicyGate(HostPolicy.parse(policy), path).refusesCgroup(caller(role), verb, changes, foreign);
    const others = ['create', 'remove', 'move', 'freeze', 'thaw', 'kill'] as const;
    expect(refusal({}, 'set', limits)).toBeUndefined();
    expect(refusal({}, 'set', [...limits, { key: 'cgroup.freeze' }])?.remedy).toContain('"foreignCgroups": "all"');
    for (const verb of others) {
      expect(refusal({}, verb)).toMatchObject({ code: 'forbidden', remedy: expect.stringContaining('"foreignCgroups": "all"') });
      expect(refusal({ foreignCgroups: 'all' }, verb)).toBeUndefined();
    }
    for (const verb of ['set', ...others] as const) {
      expect(refusal({ foreignCgroups: 'off' }, verb, limits)?.remedy).toContain(path);
      // Neither a local root nor what is this instance's own is capped.
      expect(refusal({ foreignCgroups: 'off' }, verb, limits, 'local-root')).toBeUndefined();
      expect(refusal({ foreignCgroups: 'off' }, verb, limits, 'administrator', false)).toBeUndefined();
    }
  });
});
