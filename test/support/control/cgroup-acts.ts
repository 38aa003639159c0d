import type { agentContract } from '@bulkhead/api';
import type { HandlersOf } from '@bulkhead/api/router';
import { ownershipOf } from '@bulkhead/cgroup';
import {
  type BlockDevice,
  type CgroupNode,
  type CgroupOwnership,
  type CgroupProcess,
  type CgroupSetting,
  type CgroupSettingChange,
  type CgroupSettingState,
  type CgroupVerb,
  canonicalValue,
  cgroupSettings,
  cgroupText,
  findCgroupSetting,
  hugetlbSettings,
  Problem,
} from '@bulkhead/model';
import { transcriptOf } from './sample-data.ts';

type CgroupHandlers = HandlersOf<typeof agentContract>['cgroup'];
type Acting = 'controllers' | 'settings' | 'processes' | 'plan' | 'set' | 'create' | 'remove' | 'move' | 'freeze' | 'thaw' | 'kill';

const mountOf: Readonly<Record<string, string>> = { cpu: 'cpu,cpuacct', io: 'blkio', cgroup: 'freezer' };
const devices: BlockDevice[] = [
  { number: '8:0', name: 'sda', isPartition: false },
  { number: '8:1', name: 'sda1', isPartition: true },
];

/** What can be done to the groups of the stand-in's host, as a host with version 1 would tell it. Nothing but values is kept. */
export class TestCgroupActs {
  readonly #nodes: () => readonly CgroupNode[];
  /** What was set, by path and key. */
  readonly #set = new Map<string, Map<string, string>>();

  constructor(nodes: () => readonly CgroupNode[]) {
    this.#nodes = nodes;
  }

  #node(path: string): CgroupNode {
    const node = this.#nodes().find((each) => each.path === path);
    if (node === undefined) throw new Problem('not-found', `there is no cgroup ${path}`);
    return node;
  }

  #value({ path, limits }: CgroupNode, { key, preset }: CgroupSetting): string {
    const limited: Readonly<Record<string, string | number | undefined>> = {
      'cpu.weight': limits.cpuWeight,
      'cpu.max': typeof limits.cpuMaxMillis === 'number' ? `${limits.cpuMaxMillis * 100} 100000` : undefined,
      'memory.max': limits.memoryMaxBytes,
      'pids.max': limits.pidsMax,
      'cpuset.cpus': '0-3',
      'cpuset.mems': '0',
      'cpuset.cpus.effective': '0-3',
      'cpuset.mems.effective': '0',
      'cpuacct.usage_percpu': '91200441000 88123000111 412 0',
    };
    return this.#set.get(path)?.get(key) ?? String(limited[key] ?? preset);
  }

  #state(node: CgroupNode, setting: CgroupSetting): CgroupSettingState {
    const { key, controller, model, v1, range, elsewhere = '' } = setting;
    const [dialect] = v1;
    const bare = { key, controller, model, files: [] };
    if (dialect === undefined) {
      const text = `cgroup version 1, which has the controller ${controller} here, has no ${key}. ${elsewhere}`.trim();
      return { ...bare, refused: { reason: 'other-version', text } };
    }
    const value = this.#value(node, setting);
    const held = new Map(dialect.files.map(({ name, preset }) => [name, preset]));
    for (const write of dialect.write?.(value, (file) => held.get(file)) ?? []) held.set(write.file, write.value);
    const at = `/sys/fs/cgroup/${mountOf[controller] ?? controller}${node.path === '/' ? '' : node.path}`;
    const isRoot = node.path === '/';
    return {
      ...bare,
      value,
      version: 1,
      files: [...held].map(([name, text]) => ({ path: `${at}/${name}`, text: model === 'readable' ? value : text })),
      ...(model === 'readable'
        ? { refused: { reason: 'readable' as const, text: `${key} is told by the kernel, and not set through us` } }
        : {}),
      ...(isRoot && model !== 'readable'
        ? { refused: { reason: 'root-group' as const, text: 'The root of a hierarchy has no limits: it is the whole host' } }
        : {}),
      ...(range === undefined || isRoot ? {} : { bounds: { least: String(range.least), greatest: String(range.greatest) } }),
    };
  }

  #ownership(verb: CgroupVerb, path: string, changes: readonly CgroupSettingChange[] = []): CgroupOwnership {
    const at = verb === 'create' ? path.slice(0, path.lastIndexOf('/')) || '/' : path;
    const { maker, use } = this.#nodes().find((each) => each.path === at) ?? { maker: { runtime: 'plain' as const, name: at }, use: {} };
    const vital = [{ path: '/bulkhead-abc', why: cgroupText('vital.containers') }];
    return ownershipOf({ maker, path, verb, changes, vital, use });
  }

  #judged(verb: CgroupVerb, path: string, changes: readonly CgroupSettingChange[] = []) {
    const ownership = this.#ownership(verb, path, changes);
    return { ownership, ...(ownership.protections.length === 0 ? {} : { refusal: ownership.protections.join(' ') }) };
  }

  #done(verb: CgroupVerb, path: string, confirmed: boolean, changes: readonly CgroupSettingChange[] = []) {
    const { ownership, refusal } = this.#judged(verb, path, changes);
    if (refusal !== undefined) throw new Problem('forbidden', refusal);
    if (ownership.confirm && !confirmed)
      throw new Problem('conflict', `${path} belongs to ${ownership.maker.name}, and nothing was confirmed.`);
    return { ownership, transcript: transcriptOf('cgroup') };
  }

  #changed(changes: readonly CgroupSettingChange[]): { setting: CgroupSetting; value: string }[] {
    return changes.map(({ key, value }) => {
      const setting = findCgroupSetting(key);
      if (setting === undefined) throw new Problem('invalid', `there is no setting ${key}`);
      return { setting, value: canonicalValue(setting, value) };
    });
  }

  #processes(path: string, below: boolean): CgroupProcess[] {
    const nodes = this.#nodes().filter((node) => node.path === path || (below && (path === '/' || node.path.startsWith(`${path}/`))));
    return nodes.flatMap(({ path: at, maker, processes = 0, controllers }, index) =>
      Array.from({ length: Math.min(processes, 4) }, (_, place): CgroupProcess => {
        const pid = 2000 + index * 16 + place;
        return {
          pid,
          parentPid: 1,
          uid: place === 0 ? 0 : 100_000 + place,
          ...(place === 0 ? { user: 'root' } : {}),
          state: 'S',
          command: place === 0 ? `/usr/sbin/${maker.name} --foreground` : `${maker.name}: worker ${place}`,
          threads: 1 + place * 3,
          residentBytes: String(3_400_000 + place * 41_000_000),
          cpuUsec: String(81_000 + place * 9_120_000),
          path: at,
          controllers,
          maker,
        };
      }),
    );
  }

  readonly handlers: Pick<CgroupHandlers, Acting> = {
    controllers: () => ({
      hierarchies: [
        ...['cpu,cpuacct', 'cpuset', 'memory', 'blkio', 'pids', 'devices', 'freezer', 'hugetlb'].map((name) => ({
          version: 1 as const,
          controllers: name.split(','),
          mountPoint: `/sys/fs/cgroup/${name}`,
        })),
        { version: 2 as const, controllers: [], mountPoint: '/sys/fs/cgroup/unified' },
      ],
      unmounted: [],
    }),
    settings: ({ input }) => {
      const node = this.#node(input.path);
      return {
        settings: [...cgroupSettings, ...hugetlbSettings('2MB')].map((setting) => this.#state(node, setting)),
        authors: [...(this.#set.get(input.path)?.keys() ?? [])].map((key) => ({
          key,
          at: new Date().toISOString(),
          subject: { kind: 'user', id: 'ada', name: 'Ada' },
        })),
        devices,
      };
    },
    processes: ({ input }) => {
      this.#node(input.path);
      const processes = this.#processes(input.path, input.below);
      return { processes, count: processes.length };
    },
    plan: ({ input }) => {
      const { path, verb } = input;
      if (verb !== 'create') this.#node(path);
      const node = verb === 'create' ? undefined : this.#node(path);
      const changed = this.#changed(input.changes);
      const steps = changed.flatMap(({ setting, value }) => {
        const state = node === undefined ? undefined : this.#state(node, setting);
        const [file] = state?.files ?? [];
        return file === undefined || value === state?.value
          ? []
          : [
              {
                file: file.path,
                key: setting.key,
                before: file.text,
                after: setting.v1[0]?.write?.(value, () => undefined)[0]?.value ?? value,
              },
            ];
      });
      const warnings = changed.some(({ setting }) => setting.key === 'memory.max')
        ? ['It holds 48000000 bytes now: the kernel frees what it can, and refuses it where that is not enough.']
        : [];
      const changes = changed.map(({ setting, value }) => ({ key: setting.key, value }));
      return { plan: { path, steps, warnings }, ...this.#judged(verb, path, changes) };
    },
    set: ({ input }) => {
      const changed = this.#changed(input.changes);
      const done = this.#done('set', input.path, input.confirmed, input.changes);
      const set = this.#set.get(input.path) ?? new Map<string, string>();
      for (const { setting, value } of changed) set.set(setting.key, value);
      this.#set.set(input.path, set);
      return done;
    },
    create: ({ input }) => this.#done('create', input.path, input.confirmed),
    remove: ({ input }) => this.#done('remove', input.path, input.confirmed),
    move: ({ input }) => this.#done('move', input.path, input.confirmed),
    freeze: ({ input }) => this.#done('freeze', input.path, input.confirmed),
    thaw: ({ input }) => this.#done('thaw', input.path, input.confirmed),
    kill: ({ input }) => this.#done('kill', input.path, input.confirmed),
  };
}
