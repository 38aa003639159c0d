import type { ContainerId, ExitStatus } from '@bulkhead/model';
import type { LauncherClient } from '../launcher/client.ts';
import type { OutputPlan, ProcessState } from '../launcher/protocol.ts';
import { findExit, openProcess } from './exits.ts';
import { holdPipes } from './last-words.ts';
import type { StoredContainer } from './state-file.ts';
import type { ContainerStore, Held } from './store.ts';

/** What taking up needs of the runtime. */
interface Runtime {
  store: ContainerStore;
  output(id: ContainerId): OutputPlan;
  ended(id: ContainerId, exitStatus: ExitStatus): void;
}

/** Brings what we know of first processes and what a launcher holds together: at the start, and after the launcher was restarted. */
export async function takeUp(client: LauncherClient, processes: readonly ProcessState[], runtime: Runtime): Promise<void> {
  const { store } = runtime;
  const held = new Map(processes.filter((process) => process.execId === undefined).map((process) => [process.id, process]));
  for (const state of store.all()) {
    const { id, status } = state.container;
    if (status !== 'created' && status !== 'running') continue;
    const process = held.get(id);
    if (process === undefined) {
      const exitStatus = findExit(store.directory(id), state);
      if (exitStatus !== undefined) runtime.ended(id, exitStatus);
      else await adopt(client, state, runtime);
    } else if (process.state === 'exited') {
      runtime.ended(id, process.exitStatus ?? { kind: 'unknown', reason: 'the launcher kept no status' });
    } else {
      hold(state, store);
      if (process.state === 'running' && status === 'created') {
        const startedAt = state.container.startedAt ?? new Date().toISOString();
        store.update(id, { operation: undefined, container: { status: 'running', startedAt } });
      }
    }
  }
  for (const { id, execId } of processes) {
    if (store.get(id) === undefined) await client.ask({ type: 'forget', id, ...(execId === undefined ? {} : { execId }) }, 'done');
  }
}

/** A container that a launcher now dead had started: the new one drains its output and watches it. */
async function adopt(client: LauncherClient, state: StoredContainer, { store, output }: Runtime): Promise<void> {
  const { id, terminal } = state.container;
  const held = hold(state, store);
  if (state.process === undefined) return;
  const master = held.inputs.get('')?.terminal;
  await client.ask(
    { type: 'adopt', id, pid: state.process.pid, terminal, output: output(id), forgetAtEnd: state.spec.autoRemove },
    'done',
    master === undefined ? [] : [master],
  );
}

/** What the agent holds of a running container itself. */
function hold(state: StoredContainer, store: ContainerStore): Held {
  const { id } = state.container;
  const held = store.held(id);
  held.pidfd ??= openProcess(state);
  if (!held.pipes.has('')) holdPipes(held, '', store.directory(id));
  return held;
}
