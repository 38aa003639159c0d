import type { agentContract, cgroupConfigContract } from '@bulkhead/api';
import type { HandlersOf } from '@bulkhead/api/router';
import { type CgroupConfigEntry, type CgroupConfigPreview, Problem } from '@bulkhead/model';
import {
  ConfigError,
  type ConfigHost,
  parseAccounts,
  parseConfig,
  planSide,
  readIntent,
  toPreview,
  toUnreadable,
} from '../../../packages/cgroup/src/index.ts';
import { transcriptOf } from './sample-data.ts';

type Handlers = HandlersOf<typeof agentContract>['cgroup'];

const accounts = parseAccounts({
  passwd: 'root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/var/www:/usr/sbin/nologin\n',
  group: 'root:x:0:\nwww-data:x:33:\nusers:x:100:\n',
});

const legacy = ['cpu', 'cpuacct', 'cpuset', 'memory', 'blkio', 'pids', 'devices', 'freezer'];

/** Configurations of an agent without a kernel: the real reader and planner over groups that are held in memory. */
export class TestConfigs {
  readonly configs = new Map<string, CgroupConfigEntry>();
  /** What stands against every text: the host's policy, say. */
  refusals: string[] = [];
  /** Groups that are there, `cpu /lesscpu`. */
  readonly #groups = new Set<string>();
  /** Files of groups, `/lesscpu cpu.shares`. */
  readonly #files = new Map<string, string>();

  readonly #host: ConfigHost = {
    versionOf: (controller) => (legacy.includes(controller) ? 1 : undefined),
    exists: (version, controller, path) => version === 1 && (path === '/' || this.#groups.has(`${controller} ${path}`)),
    read: (_version, _controller, path, file) => this.#files.get(`${path} ${file}`),
    hasFile: () => undefined,
  };

  #preview(text: string): CgroupConfigPreview {
    const rest = { foreign: [], refusals: this.refusals, obsolete: [] };
    try {
      const intent = readIntent(parseConfig(text), text, accounts);
      const context = { text, host: this.#host };
      const [v1, v2] = [planSide(1, intent, context), planSide(2, intent, context)];
      const faults = [...intent.faults, ...v1.faults.filter(({ here }) => here).map(({ fault }) => fault)];
      const preview = toPreview({ intent, v1, v2, faults, notes: intent.notes, steps: [] }, () => '');
      const steps = v1.groups
        .filter(({ here }) => here)
        .flatMap(({ path, at, missing, writes }) => [
          ...missing.map((controller) => ({ line: at.line, text: `mkdir /sys/fs/cgroup/${controller}${path}` })),
          ...writes.map(({ controller, file, value, from }) => ({
            line: from[0]?.at.line ?? at.line,
            text: `echo ${value} > /sys/fs/cgroup/${controller}${path}/${file}`,
          })),
        ]);
      return { ...preview, steps: faults.length > 0 ? [] : steps, ...rest };
    } catch (failure) {
      if (failure instanceof ConfigError) return { ...toUnreadable(failure), ...rest };
      throw failure;
    }
  }

  #find(name: string): CgroupConfigEntry {
    const config = this.configs.get(name);
    if (config === undefined) throw new Problem('not-found', `no configuration ${name} is kept`);
    return config;
  }

  readonly handlers: Pick<Handlers, keyof typeof cgroupConfigContract> = {
    previewConfig: ({ input }) => this.#preview(input.text),
    importConfig: ({ caller, input: { name, text } }) => {
      const { faults, v1 } = this.#preview(text);
      const [fault] = faults;
      if (fault !== undefined) throw new Problem('invalid', `line ${fault.line}, column ${fault.column}: ${fault.message}`);
      const made: CgroupConfigEntry['made'] = [];
      for (const { path, controllers, writes } of v1?.groups ?? []) {
        for (const controller of controllers) this.#groups.add(`${controller} ${path}`);
        for (const { file, value } of writes) this.#files.set(`${path} ${file}`, value);
        made.push({ path, controllers });
      }
      const now = new Date().toISOString();
      const file = `/etc/bulkhead/abc/cgconfig.d/${name}.conf`;
      const config = { name, file, text, importedAt: now, importedBy: caller.subject.name, appliedAt: now, made };
      this.configs.set(name, config);
      return { config, kept: [], transcript: transcriptOf(name) };
    },
    exportConfig: ({ input }) => ({
      text: `# ${input.path} and below, in words of version ${input.words === 'v2' ? 2 : 1}.\n\ngroup ${input.path.slice(1)} {\n\tcpu {\n\t\t${input.words === 'v2' ? 'cpu.weight = 20' : 'cpu.shares = 200'};\n\t}\n}\n`,
      lost: [],
    }),
    makeFromTemplate: ({ input }) => ({ path: input.template.replaceAll('%u', 'root'), transcript: transcriptOf(input.template) }),
    listConfigs: () => [...this.configs.values()],
    removeConfig: ({ input }) => {
      const { made } = this.#find(input.name);
      this.configs.delete(input.name);
      for (const { path, controllers } of made) for (const controller of controllers) this.#groups.delete(`${controller} ${path}`);
      return { removed: made, kept: [], restored: [], transcript: transcriptOf(input.name) };
    },
  };
}
