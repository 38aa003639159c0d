import { readFileSync } from 'node:fs';
import type { Caller } from '@bulkhead/api';
import { hasErrno } from '@bulkhead/kernel';
import { type CgroupVerb, type ContainerDetail, cgroupProblem, cgroupText, HostPolicy, Problem } from '@bulkhead/model';

/**
 * Reads the host's policy; a missing file means the defaults.
 *
 * @throws Problem 'invalid', naming file and field
 */
export function readPolicy(path: string): HostPolicy {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (failure) {
    if (hasErrno(failure, 'ENOENT')) return HostPolicy.parse({});
    throw new Problem('invalid', `the policy ${path} cannot be read: ${(failure as Error).message}`, { cause: failure });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (failure) {
    throw new Problem('invalid', `the policy ${path} is not JSON: ${(failure as Error).message}`, {
      remedy: 'mend the file, or remove it to have the defaults',
      cause: failure,
    });
  }
  const parsed = HostPolicy.safeParse(value);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map(({ path: field, message }) => (field.length > 0 ? `${field.join('.')}: ${message}` : message));
  throw new Problem('invalid', `the policy ${path} is wrong: ${fields.join('; ')}`, {
    remedy: 'mend the file, or remove it to have the defaults',
    cause: parsed.error,
  });
}

/** What a control plane may ask of this host at all, whoever signs in there. A local root is not capped. */
export class PolicyGate {
  readonly #policy: HostPolicy;
  readonly #path: string;
  constructor(policy: HostPolicy, path: string) {
    this.#policy = policy;
    this.#path = path;
  }

  #refusal(what: string, field: keyof HostPolicy, allowing: unknown): Problem {
    return new Problem('forbidden', `the policy of this host does not let a control plane ${what}`, {
      remedy: `to allow it, put ${JSON.stringify(field)}: ${JSON.stringify(allowing)} into ${this.#path} and restart the agent`,
    });
  }

  #cgroupRefusal(verb: CgroupVerb | 'any', allowing: HostPolicy['foreignCgroups']): Problem {
    return cgroupProblem('forbidden', cgroupText('policy.refuses', { deed: [cgroupText(`policy.deed.${verb}`)] }), {
      remedy: cgroupText('policy.remedy', { line: `"foreignCgroups": ${JSON.stringify(allowing)}`, file: this.#path }),
    });
  }

  /** A process in namespaces that the host's own user namespace owns could do what root on the host can. */
  checkExec(caller: Caller, container: Pick<ContainerDetail, 'namespaces'>): void {
    if (caller.role === 'local-root' || this.#policy.execIntoInitialUserNamespace) return;
    const user = container.namespaces.find(({ type }) => type === 'user');
    if (user === undefined || user.initial)
      throw this.#refusal('run a process in namespaces owned by the initial user namespace', 'execIntoInitialUserNamespace', true);
  }

  /**
   * Why a control plane may not do something to a cgroup that is not of this instance (`foreignCgroups`); undefined where
   * it may. `limits` are settings alone, of which freezing is none.
   */
  refusesCgroup(caller: Caller, verb: CgroupVerb, changes: readonly { key: string }[], isForeign: boolean): Problem | undefined {
    const { foreignCgroups } = this.#policy;
    if (caller.role === 'local-root' || !isForeign || foreignCgroups === 'all') return undefined;
    if (foreignCgroups === 'off') return this.#cgroupRefusal('any', 'limits');
    const isLimit = verb === 'set' && changes.every(({ key }) => key !== 'cgroup.freeze');
    return isLimit ? undefined : this.#cgroupRefusal(verb, 'all');
  }
}
