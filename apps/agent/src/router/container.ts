import type { agentContract } from '@bulkhead/api';
import { type Caller, type ContainerChange, mayTouch, type OutputItem } from '@bulkhead/api';
import type { HandlersOf } from '@bulkhead/api/router';
import type { ProcessOutputItem, RecordedTranscript } from '@bulkhead/container';
import { type Container, type ContainerSpec, type HostEvent, Problem, signalNumbers } from '@bulkhead/model';
import { checkTenant, findContainer, type Services } from './services.ts';

type Handlers = HandlersOf<typeof agentContract>['container'];

async function* toOutputItems(items: AsyncIterable<ProcessOutputItem>): AsyncGenerator<OutputItem> {
  for await (const item of items) yield item.type === 'output' ? { ...item, data: item.data.toString('base64') } : item;
}

/** A name is taken on the whole host; whose container holds it is not everybody's to know. */
function hideHolder(services: Services, caller: Caller, name: string, failure: unknown): unknown {
  if (!(failure instanceof Problem) || failure.code !== 'conflict') return failure;
  const holder = services.runtime().find(name);
  if (holder === undefined || mayTouch(caller, holder.tenantId)) return failure;
  return new Problem('conflict', `the name ${name} is taken on this host`, { remedy: 'choose another name', cause: failure });
}

/** Limits stand among the facts: who set which is read off the events. */
const createdDetail = ({ image, limits }: ContainerSpec): HostEvent['detail'] => ({
  image,
  ...Object.fromEntries(Object.entries(limits).filter(([, limit]) => limit !== undefined)),
});

export function containerHandlers(services: Services): Handlers {
  const { events, history, policy, postMortems, sampler } = services;
  /** Makes a container, and tells of it where that fails. */
  const making = async <T>(caller: Caller, spec: ContainerSpec, make: () => Promise<T>): Promise<T> => {
    checkTenant(caller, spec.tenantId);
    postMortems.asked(spec.name, caller.subject);
    try {
      return await make();
    } catch (failure) {
      const told = hideHolder(services, caller, spec.name, failure);
      await events.record('container.create-failed', {
        container: { name: spec.name, tenantId: spec.tenantId },
        subject: caller.subject,
        detail: { error: told instanceof Problem ? told.message : 'internal error' },
      });
      throw told;
    }
  };
  const recordStarted = (caller: Caller, container: Container, transcript?: RecordedTranscript): Promise<void> =>
    events.record('container.started', {
      container,
      subject: caller.subject,
      detail: container.pid === undefined ? {} : { pid: container.pid },
      transcript,
    });
  const visible = (caller: Caller, tenantId?: string) => (container: Container) =>
    mayTouch(caller, container.tenantId) && (tenantId === undefined || container.tenantId === tenantId);

  return {
    list: ({ caller, input }) => services.runtime().list().filter(visible(caller, input.tenantId)),

    inspect: ({ caller, input }) => services.runtime().inspect(findContainer(services, caller, input.container).id),

    async create({ caller, input }) {
      const { container, transcript } = await making(caller, input, () => services.runtime().create(input));
      await events.record('container.created', { container, subject: caller.subject, detail: createdDetail(input), transcript });
      return { container, transcript: transcript.read() };
    },

    async start({ caller, input }) {
      const { id } = findContainer(services, caller, input.container);
      const { container, transcript } = await services.runtime().start(id);
      await recordStarted(caller, container, transcript);
      return { container, transcript: transcript.read() };
    },

    async run({ caller, input, signal }) {
      const { waitSeconds, transcript: isWanted, ...spec } = input;
      const runtime = services.runtime();
      const { container, transcript } = await making(caller, spec, () => runtime.run(spec));
      // Listened for before anything else is waited for: it may end, and be gone, at once.
      const limit = AbortSignal.any([signal, AbortSignal.timeout(waitSeconds * 1000)]);
      const ending = waitSeconds === 0 ? undefined : runtime.wait(container.id, limit, spec.autoRemove ? 'removed' : 'stopped');
      void events.record('container.created', { container, subject: caller.subject, detail: createdDetail(spec), transcript });
      await recordStarted(caller, container);
      const exitStatus = await ending;
      return {
        container,
        ...(exitStatus === undefined ? {} : { exitStatus }),
        ...(isWanted ? { transcript: transcript.read() } : {}),
      };
    },

    async update({ caller, input }) {
      const { id } = findContainer(services, caller, input.container);
      const { container, transcript, keys } = await services.runtime().update(id, input.limits);
      services.cgroupVerbs.noteAuthor(`/${services.runtime().cgroupPath(container)}`, keys, caller.subject);
      const detail: HostEvent['detail'] = {};
      for (const [name, value] of Object.entries(input.limits)) if (value !== undefined) detail[name] = value;
      await events.record('container.updated', { container, subject: caller.subject, detail, transcript });
      return { container, transcript: transcript.read() };
    },

    async kill({ caller, input }) {
      const { id } = findContainer(services, caller, input.container);
      postMortems.signalling(id, caller.subject, input.signal);
      const { container, transcript } = await services.runtime().kill(id, input.signal);
      await events.record('container.signalled', { container, subject: caller.subject, detail: { signal: input.signal }, transcript });
      return { container, transcript: transcript.read() };
    },

    async stop({ caller, input }) {
      const { id, status } = findContainer(services, caller, input.container);
      if (status !== 'stopped') postMortems.signalling(id, caller.subject, signalNumbers.TERM);
      const { container, transcript } = await services.runtime().stop(id, input.timeoutSeconds * 1000);
      const detail = { signal: 15, timeoutSeconds: input.timeoutSeconds };
      await events.record('container.signalled', { container, subject: caller.subject, detail, transcript });
      return { container, transcript: transcript.read() };
    },

    async delete({ caller, input }) {
      const container = findContainer(services, caller, input.container);
      if (container.status !== 'stopped' && input.force) postMortems.signalling(container.id, caller.subject, signalNumbers.TERM);
      const { transcript } = await history.deleting(container.id, () => services.runtime().delete(container.id, input.force));
      await events.record('container.deleted', {
        container,
        subject: caller.subject,
        detail: { forced: input.force },
        transcript,
      });
      return { transcript: transcript.read() };
    },

    async wait({ caller, input, signal }) {
      const { id } = findContainer(services, caller, input.container);
      const exitStatus = await services.runtime().wait(id, AbortSignal.any([signal, AbortSignal.timeout(input.timeoutSeconds * 1000)]));
      return exitStatus === undefined ? {} : { exitStatus };
    },

    postMortem({ caller, input }) {
      const container = findContainer(services, caller, input.container);
      const postMortem = postMortems.find(container.id);
      return { container, gone: false, ...(postMortem === undefined ? {} : { postMortem }) };
    },

    processes: ({ caller, input }) => services.runtime().processes(findContainer(services, caller, input.container).id),

    async *logs({ caller, input, signal }) {
      const { id } = findContainer(services, caller, input.container);
      const { follow, tailLines } = input;
      yield* toOutputItems(services.runtime().output(id, { follow, tailLines }, signal));
    },

    async exec({ caller, input }) {
      const runtime = services.runtime();
      const container = findContainer(services, caller, input.container);
      if (container.status === 'running') policy.checkExec(caller, runtime.inspect(container.id));
      const { container: _, ...request } = input;
      const { execId, transcript } = await runtime.exec(container.id, request);
      const detail = { execId, command: request.args[0] ?? '' };
      await events.record('container.exec-started', { container, subject: caller.subject, detail, transcript });
      return { execId, transcript: transcript.read() };
    },

    async *output({ caller, input, signal }) {
      const { id } = findContainer(services, caller, input.container);
      yield* toOutputItems(services.runtime().output(id, { execId: input.execId, follow: true }, signal));
    },

    async input({ caller, input }) {
      const { id } = findContainer(services, caller, input.container);
      await services.runtime().input(id, input.execId, Buffer.from(input.data, 'base64'), input.end);
      return {};
    },

    async resize({ caller, input }) {
      const { id } = findContainer(services, caller, input.container);
      await services.runtime().resize(id, input.execId, { columns: input.columns, rows: input.rows });
      return {};
    },

    async *watch({ caller, input, signal }) {
      const runtime = services.runtime();
      const isVisible = visible(caller, input.tenantId);
      const snapshot = (): ContainerChange => ({ type: 'snapshot', containers: runtime.list().filter(isVisible) });
      yield* history.live.subscribe<ContainerChange>({
        signal,
        first: [snapshot()],
        select: ({ change, container }) => (isVisible(container) ? change : undefined),
        overflow: () => [snapshot()],
      });
    },

    recent: ({ caller, input }) => sampler.recent(findContainer(services, caller, input.container)),

    async *samples({ caller, signal }) {
      services.runtime();
      yield* sampler.rounds.subscribe({
        signal,
        select: ({ at, samples }) => ({
          at,
          samples: caller.tenants === 'all' ? samples : samples.filter(({ tenantId }) => mayTouch(caller, tenantId)),
        }),
        overflow: (waiting, item) => [...waiting.slice(1), item],
      });
    },
  };
}
