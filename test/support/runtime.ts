import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { type CgroupReader, type Cgroups, detectCgroups } from '@bulkhead/cgroup';
import { type ContainerRuntime, createContainerRuntime, type FailPoint, noFailPoint, type Renewal } from '@bulkhead/container';
import { type ContainerDetail, cgroupRoot, type Reading } from '@bulkhead/model';
import { readBootId } from '@bulkhead/namespace';
import { startTestInstance, type TestInstance } from './launcher.ts';

/** A real launcher with the real runtime over it, in this process, and what is needed to witness it. */
export interface TestRuntime extends AsyncDisposable {
  readonly instance: TestInstance;
  readonly cgroups: Cgroups;
  readonly runtime: ContainerRuntime;
  /** Last readings as they were made durable, by container. */
  readonly finalReadings: Map<string, Reading>;
  /** Ends the runtime as a crash does, nothing tidied, and makes a new one over what is left. */
  restart(failPoint?: FailPoint, renewal?: Renewal): Promise<{ finished: string[]; undone: string[] }>;
}

/** @param options.launcher program that the launcher is started from; the built one by default */
export async function startTestRuntime(
  failPoint: FailPoint = noFailPoint,
  options: { launcher?: string; renewal?: Renewal } = {},
): Promise<TestRuntime> {
  const instance = await startTestInstance(options.launcher);
  const cgroups = detectCgroups();
  const finalReadings = new Map<string, Reading>();
  const beforeCgroupRemoval = async (container: ContainerDetail): Promise<void> => {
    using reader: CgroupReader = cgroups.reader(container.cgroupPath);
    finalReadings.set(container.id, reader.read());
  };
  const make = (point: FailPoint, renewal = options.renewal): ContainerRuntime =>
    createContainerRuntime({
      instance: instance.instance,
      paths: instance.paths,
      bootId: readBootId(),
      cgroups,
      failPoint: point,
      ...(renewal === undefined ? {} : { renewal }),
      beforeCgroupRemoval,
    });
  let runtime = make(failPoint);
  await runtime.recover();
  return {
    instance,
    cgroups,
    get runtime() {
      return runtime;
    },
    finalReadings,
    async restart(point = noFailPoint, renewal?: Renewal) {
      await runtime[Symbol.asyncDispose]();
      runtime = make(point, renewal);
      return runtime.recover();
    },
    async [Symbol.asyncDispose]() {
      for (const container of runtime.list()) await runtime.delete(container.id, true);
      await runtime[Symbol.asyncDispose]();
      await cgroups.remove(cgroupRoot(instance.instance));
      await instance[Symbol.asyncDispose]();
    },
  };
}

/** Directories of our cgroups in any hierarchy, as find(1) sees them. */
export function witnessCgroups(name: string): string[] {
  return execFileSync('find', ['/sys/fs/cgroup', '-type', 'd', '-path', `*${name}*`], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '');
}

/** Processes whose user namespace is not the host's, by pid: every container of a test, and sandboxes that wait. */
export function witnessProcesses(firstUid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const map = readFileSync(`/proc/${pid}/uid_map`, 'utf8').trim().split(/\s+/).map(Number);
        return map[1] === firstUid;
      } catch {
        return false;
      }
    });
}

/** Mounts of the host that bear a text. */
export const witnessMounts = (text: string): string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(text));
