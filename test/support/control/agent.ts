import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { dirname } from 'node:path';
import {
  agentContract,
  type Caller,
  type CgroupTree,
  type ContainerChange,
  mayTouch,
  type NamespaceChange,
  NamespaceScope,
} from '@bulkhead/api';
import { createRouter, type HandlersOf } from '@bulkhead/api/router';
import { hashInput, openStatement, readPublicKey, statementHeader } from '@bulkhead/api/statement';
import {
  type CgroupNode,
  type Container,
  type HostEvent,
  type JournalEntry,
  type PostMortem,
  Problem,
  type Sample,
  type Transcript,
} from '@bulkhead/model';
import { nodeHTTPRequestHandler } from '@trpc/server/adapters/node-http';
import { Broadcast } from '../../../apps/web/src/server/queue.ts';
import { TestCgroupActs } from './cgroup-acts.ts';
import { TestConfigs } from './cgroup-configs.ts';
import { TestHost } from './host.ts';
import { TestLabs } from './labs.ts';
import { inventoryOf } from './namespaces.ts';
import { detailOf, transcriptOf, uuid7 } from './sample-data.ts';

type MoreOfEvent = { [Key in keyof HostEvent]?: HostEvent[Key] | undefined };

/**
 * An agent without a kernel under it: the real contract, real statements and real streams over a real socket, for tests
 * of the control plane alone. It holds containers in memory and does what it is told to.
 */
export interface TestAgent {
  readonly socketPath: string;
  readonly hostId: string;
  /** What lives beside the containers. */
  readonly host: TestHost;
  /** Configurations of cgroups that it keeps. */
  readonly configs: TestConfigs;
  readonly labs: TestLabs;
  /** Paths of all calls it accepted, in order. */
  readonly calls: { path: string; caller: Caller }[];
  add(facts: Partial<Container> & { name: string }): Container;
  change(id: string, facts: Partial<Container>): Container;
  remove(id: string): void;
  tell(kind: HostEvent['kind'], container: Container | undefined, transcript?: Transcript, more?: MoreOfEvent): HostEvent;
  /** Seals what is known of a container that ended. */
  seal(id: string, facts?: Partial<PostMortem>): PostMortem;
  print(id: string, text: string, stream?: 'stdout' | 'stderr'): void;
  /** Ends the server and every stream, as a crash would. */
  crash(): Promise<void>;
  start(): Promise<void>;
  readonly journal: JournalEntry[];
  /** Loses what it sampled of a container, as an agent does that is started anew. */
  forget(id: string): void;
  /** Gives a container a past, as if it had been sampled for that long. */
  backfill(id: string, seconds: number, use: { cpuMillis: number; memoryBytes: number }): void;
}

interface Entry {
  container: Container;
  postMortem?: PostMortem;
  samples: Sample[];
  output: { type: 'output'; stream: 'stdout' | 'stderr'; data: string }[];
  cpuUsec: bigint;
  /** What it uses, in thousandths of a CPU and in bytes. */
  cpuMillis: number;
  memoryBytes: number;
}

const bootId = randomUUID();
const ringSamples = 900;

export async function startTestAgent(options: { socketPath: string; hostId: string; publicKeyPem: string }): Promise<TestAgent> {
  const { socketPath, hostId } = options;
  const publicKey = readPublicKey(options.publicKeyPem);
  const entries = new Map<string, Entry>();
  const seen = new Set<string>();
  const calls: TestAgent['calls'] = [];
  const journal: JournalEntry[] = [];
  const changes = new Broadcast<ContainerChange>(1000, (waiting) => waiting);
  const rounds = new Broadcast<{ at: string; samples: Sample[] }>(10, (_, item) => [item]);
  const events = new Broadcast<HostEvent>(1000, (waiting) => waiting);
  const host = new TestHost();
  const configs = new TestConfigs();
  const prints = new Broadcast<string>(1000, (waiting) => waiting);

  const find = (caller: Caller, reference: string): Entry => {
    const entry = [...entries.values()].find(({ container }) => container.id === reference || container.name === reference);
    if (entry === undefined || !mayTouch(caller, entry.container.tenantId))
      throw new Problem('not-found', `there is no container ${reference}`, { remedy: 'see ./bulkhead ps' });
    return entry;
  };
  /** Namespaces of the containers and of what lives beside them. */
  const inventory = () => {
    const own = inventoryOf([...entries.values()].map(({ container }) => container));
    const foreign = [...host.workloads.values()];
    // What lives beside is in the host's own namespaces too, where it has none of that type.
    const inside = (key: string): number =>
      foreign.reduce((sum, { groups, processes }) => sum + (groups[0]?.namespaces.includes(key) === true ? processes : 0), 0);
    const hosts = own.namespaces.map((namespace) =>
      namespace.initial
        ? { ...namespace, holders: { ...namespace.holders, processes: namespace.holders.processes + inside(namespace.key) } }
        : namespace,
    );
    return {
      ...own,
      namespaces: [...hosts, ...host.namespaces.values()],
      workloads: [...own.workloads, ...foreign],
      unreadable: host.unreadable,
    };
  };
  /** The root, what systemd would have, and a cgroup for each container that runs. */
  const treeOf = (): CgroupTree => {
    const node = (path: string, maker: CgroupNode['maker'], use: CgroupNode['use'] = {}): CgroupNode => ({
      path,
      controllers: ['cpu', 'memory', 'io', 'pids'],
      maker,
      processes: 1,
      frozen: false,
      limits: { cpuMaxMillis: 'max', memoryMaxBytes: 'max', pidsMax: 'max' },
      use,
    });
    const running = [...entries.values()].filter(({ container }) => container.status === 'running');
    return {
      at: new Date().toISOString(),
      cgroups: [
        ...(host.cgroups.has('/') ? [] : [node('/', { runtime: 'kernel', name: '/' })]),
        ...(host.cgroups.has('/system.slice')
          ? []
          : [node('/system.slice', { runtime: 'systemd', name: 'system.slice', externalId: 'system.slice' })]),
        ...[...host.cgroups.values()].sort((left, right) => (left.path < right.path ? -1 : 1)),
        ...running.map(({ container, cpuMillis, memoryBytes }) =>
          node(
            `/bulkhead-abc/${container.tenantId}/${container.id}`,
            {
              runtime: 'bulkhead',
              name: container.name,
              externalId: container.id,
              containerId: container.id,
              tenantId: container.tenantId,
            },
            { cpuMillis, memoryBytes, pids: 2, throttled: 0 },
          ),
        ),
      ],
      gaps: host.gaps,
    };
  };
  const sampleOf = (entry: Entry, atMsec: number): Sample => ({
    at: new Date(atMsec).toISOString(),
    containerId: entry.container.id,
    tenantId: entry.container.tenantId,
    reading: { cpuUsageUsec: String(entry.cpuUsec), memoryCurrentBytes: String(entry.memoryBytes), pidsCurrent: '2' },
  });
  const step = (entry: Entry, atMsec: number) => {
    entry.cpuUsec += BigInt(Math.max(0, Math.round(entry.cpuMillis * 1000 * (0.96 + Math.random() * 0.08))));
    entry.memoryBytes = Math.max(1_000_000, Math.round(entry.memoryBytes * (0.995 + Math.random() * 0.0102)));
    entry.samples.push(sampleOf(entry, atMsec));
    if (entry.samples.length > ringSamples) entry.samples.shift();
  };
  /** A durable reading, as one is made each minute and at the end. */
  const record = (entry: Entry, atMsec: number, final: boolean) => {
    const { container } = entry;
    const livedMsec = Math.max(0, atMsec - Date.parse(container.startedAt ?? container.createdAt));
    journal.push({
      seq: journal.length + 1,
      record: {
        kind: 'reading',
        incarnation: { hostId, bootId, cgroupIno: String(Number.parseInt(container.id.slice(0, 8), 16) + 2 ** 33) },
        containerId: container.id,
        containerName: container.name,
        tenantId: container.tenantId,
        at: new Date(atMsec).toISOString(),
        boottimeMsec: String(atMsec - 1_600_000_000_000),
        final,
        reading: { ...sampleOf(entry, atMsec).reading, ioReadBytes: String(livedMsec * 3), ioWriteBytes: String(livedMsec) },
        accumulators: {
          memoryByteSeconds: String(Math.round((entry.memoryBytes * livedMsec) / 1000)),
          measuredMsec: String(livedMsec),
          unmeasuredMsec: '0',
        },
      },
    });
  };
  const update = (entry: Entry, facts: Partial<Container>): Container => {
    entry.container = { ...entry.container, ...facts };
    changes.publish({ type: 'changed', container: entry.container });
    return entry.container;
  };
  const tell: TestAgent['tell'] = (kind, container, transcript, more = {}) => {
    const event: HostEvent = {
      id: uuid7(),
      hostId,
      at: new Date().toISOString(),
      kind,
      ...(container === undefined ? {} : { tenantId: container.tenantId, containerId: container.id, containerName: container.name }),
      subject: { kind: 'local-root', id: '0', name: 'root' },
      detail: kind === 'container.started' ? { pid: 4711 } : kind === 'container.exited' ? { code: 0 } : {},
      ...(transcript === undefined ? {} : { transcript }),
      ...(Object.fromEntries(Object.entries(more).filter(([, fact]) => fact !== undefined)) as Partial<HostEvent>),
    };
    // What the kernel does nobody asked for.
    if ('subject' in more && more.subject === undefined) delete event.subject;
    events.publish(event);
    journal.push({ seq: journal.length + 1, record: { kind: 'event', event } });
    return event;
  };

  const acts = new TestCgroupActs(() => treeOf().cgroups);
  const labs = new TestLabs((kind, detail) => void tell(kind, undefined, transcriptOf('lab'), { detail }));

  const handlers: HandlersOf<typeof agentContract> = {
    container: {
      list: ({ caller, input }) =>
        [...entries.values()]
          .map(({ container }) => container)
          .filter(({ tenantId }) => mayTouch(caller, tenantId) && (input.tenantId === undefined || input.tenantId === tenantId)),
      inspect: ({ caller, input }) => detailOf(find(caller, input.container).container),
      create: ({ caller, input }) => {
        if (!mayTouch(caller, input.tenantId)) throw new Problem('forbidden', `you may not create containers for ${input.tenantId}`);
        const container = agent.add({
          name: input.name,
          tenantId: input.tenantId,
          image: input.image,
          args: input.args,
          limits: input.limits,
          status: 'created',
        });
        return { container, transcript: transcriptOf(container.name) };
      },
      run: ({ caller, input }) => {
        if (!mayTouch(caller, input.tenantId)) throw new Problem('forbidden', `you may not create containers for ${input.tenantId}`);
        const { name, tenantId, image, args, limits } = input;
        const container = agent.add({ name, tenantId, image, args, limits, status: 'running' });
        return { container, ...(input.transcript ? { transcript: transcriptOf(name) } : {}) };
      },
      start: ({ caller, input }) => {
        const container = update(find(caller, input.container), { status: 'running', pid: 4711, startedAt: new Date().toISOString() });
        tell('container.started', container, transcriptOf(container.name));
        return { container, transcript: transcriptOf(container.name) };
      },
      update: ({ caller, input }) => {
        const limits = Object.fromEntries(Object.entries(input.limits).filter(([, value]) => value !== 'max' && value !== undefined));
        return { container: update(find(caller, input.container), { limits }), transcript: transcriptOf(input.container) };
      },
      kill: ({ caller, input }) => ({ container: find(caller, input.container).container, transcript: transcriptOf(input.container) }),
      stop: ({ caller, input }) => {
        const container = update(find(caller, input.container), {
          status: 'stopped',
          finishedAt: new Date().toISOString(),
          exitStatus: { kind: 'signaled', signal: 15, coreDumped: false },
        });
        tell('container.exited', container, transcriptOf(container.name));
        return { container, transcript: transcriptOf(container.name) };
      },
      delete: ({ caller, input }) => {
        const { container } = find(caller, input.container);
        if (container.status === 'running' && !input.force)
          throw new Problem('conflict', `${container.name} is running`, { remedy: 'stop it first, or force it' });
        agent.remove(container.id);
        tell('container.deleted', container, transcriptOf(container.name));
        return { transcript: transcriptOf(container.name) };
      },
      wait: ({ caller, input }) => {
        const { exitStatus } = find(caller, input.container).container;
        return exitStatus === undefined ? {} : { exitStatus };
      },
      postMortem: ({ caller, input }) => {
        const { container, postMortem } = find(caller, input.container);
        return { container, gone: false, ...(postMortem === undefined ? {} : { postMortem }) };
      },
      processes: ({ caller, input }) => {
        find(caller, input.container);
        return [
          {
            pid: 4711,
            innerPid: 1,
            parentPid: 4710,
            state: 'S',
            uid: 1_000_000,
            innerUid: 0,
            command: 'sh -c while :; do :; done',
            residentBytes: '1458176',
            cpuUsec: '120000',
            threads: 1,
          },
          {
            pid: 4722,
            innerPid: 7,
            parentPid: 4711,
            state: 'R',
            uid: 1_000_033,
            innerUid: 33,
            command: 'sleep 600',
            residentBytes: '905216',
            cpuUsec: '81000000',
            threads: 1,
          },
        ];
      },
      async *logs({ caller, input, signal }) {
        const entry = find(caller, input.container);
        yield* entry.output;
        let sent = entry.output.length;
        if (!input.follow) return;
        for await (const id of prints.subscribe(signal)) {
          if (id !== entry.container.id) continue;
          yield* entry.output.slice(sent);
          sent = entry.output.length;
        }
      },
      exec: ({ caller, input }) => {
        find(caller, input.container);
        return { execId: randomBytes(8).toString('hex'), transcript: transcriptOf('exec') };
      },
      async *output({ caller, input }) {
        const entry = find(caller, input.container);
        yield* entry.output;
        yield { type: 'exit', exitStatus: { kind: 'exited', code: 0 } };
      },
      input: ({ caller, input }) => {
        find(caller, input.container);
        return {};
      },
      resize: ({ caller, input }) => {
        find(caller, input.container);
        return {};
      },
      async *watch({ signal }) {
        yield* changes.subscribe(signal, [{ type: 'snapshot', containers: [...entries.values()].map(({ container }) => container) }]);
      },
      recent: ({ caller, input }) => find(caller, input.container).samples,
      async *samples({ signal }) {
        yield* rounds.subscribe(signal);
      },
    },
    namespace: {
      list: ({ caller }) => new NamespaceScope(caller).inventory(inventory()),
      inspect: ({ caller, input }) => {
        const { namespaces, workloads } = new NamespaceScope(caller).inventory(inventory());
        const namespace = namespaces.find(({ key }) => key === input.key);
        if (namespace === undefined) throw new Problem('not-found', `no namespace ${input.key}`);
        const within = workloads.filter(({ groups }) => groups.some((group) => group.namespaces.includes(input.key)));
        const processes = host.processesOf(input.key);
        return { namespace, workloads: within, processes, processCount: processes.length, transcript: transcriptOf('inspect') };
      },
      async *watch({ caller, signal }) {
        const scope = new NamespaceScope(caller);
        yield { type: 'snapshot', ...scope.inventory(inventory()) };
        const both = new Broadcast<NamespaceChange | 'containers'>(1000, (waiting) => waiting);
        // A thousand containers at once are one change.
        let told = true;
        void (async () => {
          for await (const _ of changes.subscribe(signal)) {
            if (!told) continue;
            told = false;
            setTimeout(() => {
              told = true;
              both.publish('containers');
            }, 20);
          }
        })();
        void (async () => {
          for await (const change of host.changes.subscribe(signal)) both.publish(change);
        })();
        for await (const change of both.subscribe(signal)) {
          if (change === 'containers' || caller.tenants !== 'all') yield { type: 'snapshot', ...scope.inventory(inventory()) };
          else yield change;
        }
      },
    },
    cgroup: {
      tree: () => treeOf(),
      inspect: ({ input }) => {
        const cgroup = treeOf().cgroups.find(({ path }) => path === input.path);
        if (cgroup === undefined) throw new Problem('not-found', `there is no cgroup ${input.path}`);
        return { cgroup, files: host.filesOf(input.path) };
      },
      async *watch({ signal }) {
        yield* host.trees.subscribe(signal, [{ type: 'snapshot', ...treeOf() }]);
      },
      recent: ({ input }) => host.recent(input.path),
      ...acts.handlers,
      ...configs.handlers,
    },
    lab: {
      list: () => labs.list(),
      start: ({ caller, input }) => labs.start(input, caller.subject),
      watch: ({ input, signal }) => labs.watch(input.run, signal),
      stop: ({ input }) => labs.stop(input.run),
    },
    host: {
      doctor: () => ({ at: new Date().toISOString(), checks: host.checks }),
      info: () => ({
        hostId,
        instance: 'abc',
        hostname: 'debian-1',
        bootId,
        bootedAt: new Date(Date.now() - 3 * 86_400_000).toISOString(),
        kernelRelease: '6.18.5-amd64',
        architecture: 'x64',
        cpus: 4,
        memoryBytes: 16 * 1024 ** 3,
        cgroupSetup: 'hybrid',
        agentVersion: '0.1.0',
        agentStartedAt: new Date().toISOString(),
        warnings: ['Without CAP_SYS_RESOURCE no limit can be raised: pipes of containers stay at 1 MiB.'],
      }),
      use: () => ({
        at: new Date().toISOString(),
        cpuBusyUsec: String(Math.round(performance.now() * 1000 * 1.3)),
        memoryUsedBytes: String(5_300_000_000 + Math.round(Math.random() * 40_000_000)),
        processes: [
          { name: 'agent', pid: 811, residentBytes: '98566144', cpuUsec: '8120000' },
          { name: 'launcher', pid: 810, residentBytes: '58720256', cpuUsec: '410000' },
          { name: 'collector', pid: 812, residentBytes: '88080384', cpuUsec: '1200000' },
          { name: 'web', pid: 813, residentBytes: '180355072', cpuUsec: '5100000' },
        ],
      }),
    },
    event: {
      async *watch({ signal }) {
        yield* events.subscribe(signal);
      },
    },
    ledger: { meter: () => ({ metered: [] }) },
    journal: {
      pull: ({ input }) => ({
        entries: journal.filter((entry) => entry.seq > input.after).slice(0, input.limit),
        lastSeq: journal.length,
        acknowledgedSeq: 0,
      }),
      acknowledge: () => ({}),
      flush: () => {
        for (const entry of entries.values()) if (entry.container.status === 'running') record(entry, Date.now(), false);
        return { lastSeq: journal.length };
      },
    },
  };

  const router = createRouter<typeof agentContract, { statement: string | undefined }>(agentContract, handlers, {
    authenticate({ context, path, rawInput }) {
      if (context.statement === undefined) throw new Problem('unauthenticated', 'a statement is wanted');
      const statement = openStatement(context.statement, publicKey);
      const now = Date.now();
      if (statement.audience !== hostId || statement.procedure !== path)
        throw new Problem('unauthenticated', 'the statement is for something else');
      if (statement.inputHash !== hashInput(rawInput)) throw new Problem('unauthenticated', 'the statement is for another input');
      if (statement.expiresAtMsec < now || statement.issuedAtMsec > now + 1000 || statement.expiresAtMsec - statement.issuedAtMsec > 60_000)
        throw new Problem('unauthenticated', 'the statement is not of this time');
      if (seen.has(statement.jti)) throw new Problem('unauthenticated', 'the statement was used before');
      seen.add(statement.jti);
      const caller: Caller = {
        subject: statement.subject,
        role: statement.role,
        tenants: statement.tenants === 'all' ? 'all' : new Set(statement.tenants),
      };
      calls.push({ path, caller });
      return caller;
    },
    onFailure: () => undefined,
  });

  let server: Server | undefined;
  let timer: NodeJS.Timeout | undefined;
  let ownCgroups = 0;
  const agent: TestAgent = {
    socketPath,
    hostId,
    host,
    configs,
    labs,
    calls,
    journal,
    add(facts) {
      const nowMsec = Date.now();
      const container: Container = {
        id: randomBytes(8).toString('hex'),
        tenantId: 'acme',
        image: 'host',
        args: ['sh', '-c', 'while :; do :; done'],
        status: 'running',
        createdAt: new Date(nowMsec).toISOString(),
        limits: {},
        terminal: false,
        ...(facts.status === undefined || facts.status === 'running' ? { pid: 4711, startedAt: new Date(nowMsec).toISOString() } : {}),
        ...facts,
      };
      const entry: Entry = { container, samples: [], output: [], cpuUsec: 0n, cpuMillis: 500, memoryBytes: 24_000_000 };
      entries.set(container.id, entry);
      changes.publish({ type: 'changed', container });
      journal.push({ seq: journal.length + 1, record: { kind: 'container', container, deleted: false } });
      // With times of its own it was there before: events tell of then.
      const [made, started] = [facts.startedAt === undefined ? undefined : container.createdAt, facts.startedAt];
      tell('container.created', container, transcriptOf(container.name), { at: made });
      if (container.status === 'running') tell('container.started', container, transcriptOf(container.name), { at: started });
      return container;
    },
    change(id, facts) {
      const entry = entries.get(id);
      if (entry === undefined) throw new Error(`no container ${id}`);
      return update(entry, facts);
    },
    remove(id) {
      const entry = entries.get(id);
      if (entry === undefined) return;
      entries.delete(id);
      record(entry, Date.now(), true);
      journal.push({ seq: journal.length + 1, record: { kind: 'container', container: entry.container, deleted: true } });
      changes.publish({ type: 'removed', id, tenantId: entry.container.tenantId });
    },
    tell,
    seal(id, facts = {}) {
      const entry = entries.get(id);
      if (entry === undefined) throw new Error(`no container ${id}`);
      const { container } = entry;
      const card: PostMortem = {
        containerId: id,
        tenantId: container.tenantId,
        sealedAt: new Date().toISOString(),
        exitStatus: container.exitStatus ?? { kind: 'unknown', reason: 'the test gave none' },
        ...(container.startedAt === undefined ? {} : { startedAt: container.startedAt }),
        ...(container.finishedAt === undefined ? {} : { finishedAt: container.finishedAt }),
        cgroupPath: `/bulkhead-abc/${container.tenantId}/${id}`,
        cgroupVersion: 1,
        isWhole: true,
        victims: [],
        limitChanges: [{ at: container.createdAt, subject: { kind: 'local-root', id: '0', name: 'root' }, limits: container.limits }],
        ...facts,
      };
      entry.postMortem = card;
      journal.push({ seq: journal.length + 1, record: { kind: 'post-mortem', hostId, card } });
      return card;
    },
    print(id, text, stream = 'stdout') {
      entries.get(id)?.output.push({ type: 'output', stream, data: Buffer.from(text).toString('base64') });
      prints.publish(id);
    },
    forget(id) {
      const entry = entries.get(id);
      if (entry !== undefined) entry.samples.length = 0;
    },
    backfill(id: string, seconds: number, use: { cpuMillis: number; memoryBytes: number }) {
      const entry = entries.get(id);
      if (entry === undefined) return;
      Object.assign(entry, use);
      entry.samples.length = 0;
      for (let second = seconds; second > 0; second -= 1) {
        const wave = 0.7 + 0.3 * Math.sin(second / 40);
        entry.cpuUsec += BigInt(Math.round(use.cpuMillis * 1000 * wave * (0.9 + Math.random() * 0.2)));
        entry.memoryBytes = Math.round(use.memoryBytes * (0.85 + 0.15 * wave));
        entry.samples.push(sampleOf(entry, Date.now() - second * 1000));
        if (second % 60 === 0) record(entry, Date.now() - second * 1000, false);
      }
    },
    async crash() {
      clearInterval(timer);
      labs.close();
      const ended = server;
      server = undefined;
      await new Promise<void>((resolve) => {
        if (ended === undefined) return resolve();
        ended.close(() => resolve());
        ended.closeAllConnections();
      });
    },
    async start() {
      mkdirSync(dirname(socketPath), { recursive: true });
      rmSync(socketPath, { force: true });
      const started = createServer((request, response) => {
        const url = new URL(request.url ?? '/', 'http://agent');
        const statement = request.headers[statementHeader];
        void nodeHTTPRequestHandler({
          router,
          req: request,
          res: response,
          path: url.pathname.slice(1),
          createContext: () => ({ statement: typeof statement === 'string' ? statement : undefined }),
        });
      });
      server = started;
      await new Promise<void>((resolve) => started.listen(socketPath, resolve));
      timer = setInterval(() => {
        const atMsec = Date.now();
        const running = [...entries.values()].filter(({ container }) => container.status === 'running');
        for (const entry of running) step(entry, atMsec);
        const known = treeOf().cgroups.filter(({ path }) => !host.cgroups.has(path));
        if (known.length !== ownCgroups) host.trees.publish({ type: 'snapshot', ...treeOf() });
        ownCgroups = known.length;
        host.tick(known.map(({ path, use }) => ({ path, use })));
        rounds.publish({ at: new Date(atMsec).toISOString(), samples: running.map((entry) => sampleOf(entry, atMsec)) });
      }, 1000);
    },
  };
  await agent.start();
  return agent;
}
