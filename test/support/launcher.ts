import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type InstancePaths, instancePaths, launcherNodeOptions } from '@bulkhead/model';
import { boundMsec } from './emulation.ts';

const root = join(import.meta.dirname, '../..');

/** Directories and a launcher of a throw-away instance. */
export interface TestInstance extends AsyncDisposable {
  readonly instance: string;
  readonly paths: InstancePaths;
  readonly launcher: ChildProcess;
  /** Starts another launcher after the first has gone. */
  restartLauncher(): Promise<void>;
}

async function isSoon(condition: () => boolean): Promise<boolean> {
  const end = performance.now() + boundMsec(20_000);
  while (!condition()) {
    if (performance.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}

/** A name for an instance that no other on this host has: three hexadecimal digits. */
function freeInstance(): string {
  for (;;) {
    const instance = randomBytes(2).toString('hex').slice(0, 3);
    if (!existsSync(`/run/bulkhead/${instance}`) && !existsSync(`/etc/bulkhead/${instance}`)) return instance;
  }
}

/** Starts the built launcher, or another program, as the supervisor does. */
export async function startTestInstance(program = join(root, 'apps/agent/dist/launcher.mjs')): Promise<TestInstance> {
  const instance = freeInstance();
  const state = mkdtempSync(join(tmpdir(), 'bulkhead-test-'));
  const paths = instancePaths(state, instance);
  // Where /run is on a disk, `up` mounts memory there too.
  mkdirSync(paths.run, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=0711', 'bulkhead', paths.run]);
  for (const directory of [
    paths.containers,
    join(paths.run, 'launcher'),
    join(paths.run, 'config'),
    paths.containerLogs,
    paths.agentState,
  ]) {
    mkdirSync(directory, { recursive: true });
  }
  const config = { service: 'launcher', version: '0', instance, hostId: randomUUID(), stateDirectory: state };
  writeFileSync(paths.config('launcher'), JSON.stringify(config));

  const start = async (): Promise<ChildProcess> => {
    rmSync(paths.launcherSocket, { force: true });
    const child = spawn(join(root, `node_modules/node-linux-${process.arch}/bin/node`), [...launcherNodeOptions, program], {
      env: { PATH: process.env.PATH ?? '', BULKHEAD_CONFIG: paths.config('launcher') },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    if (!(await isSoon(() => existsSync(paths.launcherSocket) || child.exitCode !== null))) {
      child.kill('SIGKILL');
      throw new Error('waited in vain for the launcher to listen');
    }
    if (child.exitCode !== null) throw new Error(`the launcher ended with ${child.exitCode}`);
    return child;
  };

  let launcher = await start();
  return {
    instance,
    paths,
    get launcher() {
      return launcher;
    },
    async restartLauncher() {
      launcher = await start();
    },
    async [Symbol.asyncDispose]() {
      if (launcher.exitCode === null && launcher.signalCode === null) {
        const ended = new Promise((resolve) => launcher.once('exit', resolve));
        launcher.kill('SIGKILL');
        await ended;
      }
      execFileSync('umount', ['--lazy', paths.run]);
      for (const directory of [paths.run, state, `/etc/bulkhead/${instance}`]) rmSync(directory, { recursive: true, force: true });
    },
  };
}
