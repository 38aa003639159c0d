import { type ChildProcess, type StdioOptions, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { HostCgroupControl } from '@bulkhead/cgroup';
import type { CgroupSettingState } from '@bulkhead/model';
import { expect } from 'vitest';
import type { Recorder } from '../../packages/kernel/src/index.ts';
import { cgroupMounts } from './hand-cgroup.ts';

/** Mount point of the v1 hierarchy with a controller. */
export const mountOf = (controller: string): string | undefined =>
  cgroupMounts().find(({ type, controllers }) => type === 'cgroup' && controllers.includes(controller))?.point;
/** Mount point of the v2 tree, alone or beside v1. */
export const treePoint = (): string | undefined => cgroupMounts().find(({ type }) => type === 'cgroup2')?.point;
/** Where v1 has nothing mounted, all controllers are of the one tree. */
export const isUnified = cgroupMounts().every(({ type }) => type === 'cgroup2');

const literal = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** A Problem of this code whose message has these words, in this order. */
export const problem = (code: string, ...words: readonly string[]): unknown =>
  expect.objectContaining({ code, message: expect.stringMatching(new RegExp(words.map(literal).join('.*'), 's')) });

/** A place of a test's own in every hierarchy, with the control that is tested, and all that was started there. Disposed, nothing of it is left. */
export class CgroupGround implements AsyncDisposable {
  readonly control = new HostCgroupControl();
  /** A name as systemd escapes them. Nothing is there yet. */
  readonly root = `/bulkhead-test\\x2d${randomBytes(4).toString('hex')}`;
  readonly #children: ChildProcess[] = [];
  readonly #handedDown = this.#readHandedDown();

  #readHandedDown(): string[] {
    const point = treePoint();
    return point === undefined ? [] : readFileSync(`${point}/cgroup.subtree_control`, 'utf8').trim().split(' ').filter(Boolean);
  }

  create(path: string): void {
    this.control.create(path, isUnified ? ['cpu', 'memory', 'pids', 'cpuset', 'io'] : undefined);
  }

  set(path: string, changes: Record<string, string>, options: { enableControllers?: boolean; recorder?: Recorder } = {}): void {
    const asked = Object.entries(changes).map(([key, value]) => ({ key, value }));
    this.control.apply(this.control.plan(path, asked, options), options);
  }

  stateOf(path: string, key: string): CgroupSettingState {
    const found = this.control.settings(path).find((each) => each.key === key);
    if (found === undefined) throw new Error(`no ${key}`);
    return found;
  }

  /** A kernel file of a group, past all our code: of the hierarchy that has the controller. */
  file(controller: string, path: string, legacy: string, unified = legacy): string {
    return isUnified ? `${treePoint()}${path}/${unified}` : `${mountOf(controller)}${path}/${legacy}`;
  }

  read(controller: string, path: string, legacy: string, unified = legacy): string {
    return readFileSync(this.file(controller, path, legacy, unified), 'utf8').trim();
  }

  spawn(command: string, args: readonly string[], stdio: StdioOptions = 'ignore'): ChildProcess {
    const child = spawn(command, args, { stdio });
    this.#children.push(child);
    return child;
  }

  /** A shell that waits outside until it was put into the group by hand, in every hierarchy that has it. The script says `in` first. */
  async startIn(path: string, script: string): Promise<ChildProcess> {
    const child = this.spawn('sh', ['-c', `read go; ${script}`], ['pipe', 'pipe', 'ignore']);
    for (const { point } of cgroupMounts())
      if (existsSync(`${point}${path}`)) writeFileSync(`${point}${path}/cgroup.procs`, String(child.pid));
    child.stdin?.write('\n');
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    return child;
  }

  /** Where the place is, in which hierarchies. */
  present(path = this.root): string[] {
    return cgroupMounts()
      .map(({ point }) => point)
      .filter((point) => existsSync(`${point}${path}`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    for (const point of this.present()) {
      const state = `${point}${this.root}/freezer.state`;
      if (existsSync(state)) writeFileSync(state, 'THAWED');
    }
    // What those started as well.
    if (this.present().length > 0) await this.control.kill(this.root);
    for (const point of this.present())
      for (let tries = 0; existsSync(`${point}${this.root}`) && tries < 100; tries += 1) {
        spawnSync('find', [`${point}${this.root}`, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', '+'], { stdio: 'ignore' });
        if (existsSync(`${point}${this.root}`)) await sleep(20);
      }
    for (const name of this.#readHandedDown().filter((each) => !this.#handedDown.includes(each)))
      writeFileSync(`${treePoint()}/cgroup.subtree_control`, `-${name}`);
    this.control[Symbol.dispose]();
    expect(this.present()).toEqual([]);
  }
}
