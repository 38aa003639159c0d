import { randomInt, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { cgroupRoot, delegatedScope, HostPolicy, instancePaths, Problem } from '@bulkhead/model';
import { type Instance, readInstance } from '../instance/locate.ts';
import { writeFileAtomically } from './write-file.ts';

/** True where anything on this host already bears the name. */
function isTaken(instance: string): boolean {
  if (existsSync(`/run/bulkhead/${instance}`)) return true;
  const name = cgroupRoot(instance);
  if (readFileSync('/etc/group', 'utf8').includes(`${name}:`)) return true;
  const hierarchies = existsSync('/sys/fs/cgroup') ? readdirSync('/sys/fs/cgroup', { withFileTypes: true }) : [];
  return (
    existsSync(`/sys/fs/cgroup/${name}`) ||
    existsSync(`/sys/fs/cgroup/${delegatedScope(instance)}`) ||
    hierarchies.some((entry) => entry.isDirectory() && existsSync(`/sys/fs/cgroup/${entry.name}/${name}`))
  );
}

/** Takes a free name; `mkdir` below /etc/bulkhead decides between two that want the same. */
function takeName(): string {
  mkdirSync('/etc/bulkhead', { recursive: true, mode: 0o755 });
  const from = randomInt(4096);
  for (let step = 0; step < 4096; step += 1) {
    const instance = ((from + step) % 4096).toString(16).padStart(3, '0');
    if (isTaken(instance)) continue;
    try {
      mkdirSync(`/etc/bulkhead/${instance}`, { mode: 0o755 });
      return instance;
    } catch (failure) {
      if ((failure as NodeJS.ErrnoException).code !== 'EEXIST') throw failure;
    }
  }
  throw new Problem('exhausted', 'all 4096 names of instances are taken on this host', { remedy: './bulkhead down --purge removes one' });
}

/** The instance of a state directory, made at the first `up`; also writes the host's policy where there is none. */
export async function ensureInstance(stateDirectory: string): Promise<Instance> {
  let instance = readInstance(stateDirectory);
  if (instance === undefined) {
    const name = takeName();
    try {
      const hostId = randomUUID();
      const paths = instancePaths(stateDirectory, name);
      await writeFileAtomically(paths.instanceFile, `${JSON.stringify({ version: 1, instance: name, hostId }, null, 2)}\n`, {
        mode: 0o644,
      });
      instance = { instance: name, hostId, stateDirectory, paths };
    } catch (failure) {
      rmdirSync(`/etc/bulkhead/${name}`);
      throw failure;
    }
  }
  const { policyFile } = instance.paths;
  mkdirSync(`/etc/bulkhead/${instance.instance}`, { recursive: true, mode: 0o755 });
  if (!existsSync(policyFile)) await writeFileAtomically(policyFile, `${JSON.stringify(HostPolicy.parse({}), null, 2)}\n`, { mode: 0o644 });
  return instance;
}
