import { readFileSync } from 'node:fs';
import { availableParallelism, hostname, release, totalmem } from 'node:os';
import type { Cgroups } from '@bulkhead/cgroup';
import {
  type DoctorReport,
  type DoctorText,
  defaultListen,
  type HostInfo,
  type HostUse,
  type InstancePaths,
  type ServiceConfig,
} from '@bulkhead/model';
import { tellDoctor } from '@bulkhead/model/doctor-text';
import { examine } from '../doctor/doctor.ts';
import type { ServiceProcesses } from './service-processes.ts';

/** Bit of CAP_SYS_RESOURCE in CapEff (capabilities(7)). */
const capSysResource = 24n;
const usecPerTick = 10_000n;

export interface HostFactsOptions {
  config: Pick<ServiceConfig, 'hostId' | 'instance' | 'version' | 'stateDirectory'>;
  paths: InstancePaths;
  /** Where packages are: a checkout, or a version of the program. */
  programDirectory: string;
  bootId: string;
  cgroups: Pick<Cgroups, 'setup' | 'controllers'>;
  processes: Pick<ServiceProcesses, 'read'>;
  /** Bytes that the collector has yet to fetch. */
  journalBytes(): number;
  /** How often the wall clock was set since the agent runs. */
  clockSteps(): number;
  /** What is wrong just now. */
  troubles(): DoctorText[];
}

/** What controllers are for, in the words of a warning. */
const controllerLosses = {
  cpu: 'no container can be limited or weighed in CPU',
  memory: 'memory is neither measured nor limited',
  io: 'input and output are not measured',
  pids: 'the number of processes cannot be limited',
} as const;

function lastingWarnings(controllers: Cgroups['controllers']): string[] {
  const warnings: string[] = [];
  const effective = /^CapEff:\s+([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  if (effective !== undefined && (BigInt(`0x${effective}`) >> capSysResource) % 2n === 0n)
    warnings.push('Root lacks CAP_SYS_RESOURCE here: pipes of containers stay at 1 MiB, and limits of processes cannot be raised.');
  for (const [name, loss] of Object.entries(controllerLosses) as [keyof typeof controllerLosses, string][])
    if (!controllers.has(name)) warnings.push(`The control group controller ${name} is missing: ${loss}.`);
  return warnings;
}

const asSentence = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;

/** What the host is and what it uses. */
export class HostFacts {
  readonly #options: HostFactsOptions;
  readonly #startedAt = new Date().toISOString();
  readonly #bootedAt: string;
  readonly #warnings: string[];

  constructor(options: HostFactsOptions) {
    this.#options = options;
    const btime = /^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1];
    if (btime === undefined) throw new Error('/proc/stat does not say when the host was booted');
    this.#bootedAt = new Date(Number(btime) * 1000).toISOString();
    this.#warnings = lastingWarnings(options.cgroups.controllers);
  }

  info(): HostInfo {
    const { config, bootId, cgroups, troubles } = this.#options;
    return {
      hostId: config.hostId,
      instance: config.instance,
      hostname: hostname(),
      bootId,
      bootedAt: this.#bootedAt,
      kernelRelease: release(),
      architecture: process.arch === 'arm64' ? 'arm64' : 'x64',
      cpus: availableParallelism(),
      memoryBytes: totalmem(),
      cgroupSetup: cgroups.setup,
      agentVersion: config.version,
      agentStartedAt: this.#startedAt,
      warnings: [...this.#warnings, ...troubles().map((trouble) => asSentence(tellDoctor(trouble, 'en')))],
    };
  }

  /** What this host has and lacks, looked at anew. */
  doctor(): DoctorReport {
    const { config, paths, programDirectory, cgroups, clockSteps, troubles } = this.#options;
    return examine({
      stateDirectory: config.stateDirectory,
      paths,
      listen: defaultListen,
      version: config.version,
      programDirectory,
      cgroups,
      clockSteps: clockSteps(),
      troubles: troubles(),
    });
  }

  use(): HostUse {
    // user nice system idle iowait irq softirq steal; guest time is part of user (proc_stat(5)).
    const ticks = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]?.trim().split(/\s+/).slice(1, 9).map(BigInt) ?? [];
    const busy = ticks.reduce((sum, each, index) => (index === 3 || index === 4 ? sum : sum + each), 0n);
    const memory = readFileSync('/proc/meminfo', 'utf8');
    const kibibytes = (name: string): bigint => BigInt(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(memory)?.[1] ?? 0);
    return {
      at: new Date().toISOString(),
      cpuBusyUsec: String(busy * usecPerTick),
      memoryUsedBytes: String((kibibytes('MemTotal') - kibibytes('MemAvailable')) * 1024n),
      journalBytes: String(this.#options.journalBytes()),
      processes: this.#options.processes.read(),
    };
  }
}
