import type { Fd } from '@bulkhead/kernel';
import { type Container, type ContainerId, Problem } from '@bulkhead/model';
import type { RuntimeChange } from '../types.ts';
import { makeStateDirectory, removeStateDirectory, type StoredContainer, writeState } from './state-file.ts';

/** What the agent holds of a container beside its state: descriptors that do not outlive it. */
export interface Held {
  /** The first process; watched by the agent itself while there is no launcher. */
  pidfd: Fd | undefined;
  /** What clients write to, by exec id; the container's own under ''. */
  inputs: Map<string, { stdin: Fd | undefined; terminal: Fd | undefined }>;
  /**
   * Reading ends of its pipes, by exec id, never read here while a launcher is there: what is in a pipe is lost with its
   * last descriptor, so that a program that ends while there is no launcher would take its last words with it.
   */
  pipes: Map<string, Fd[]>;
}

/** Lets go of the pipes of a process that is written off. */
export function closePipes(held: Held, key: string): void {
  for (const pipe of held.pipes.get(key) ?? []) pipe[Symbol.dispose]();
  held.pipes.delete(key);
}

/** Containers by id and by name, each change written under /run before it is told. */
export class ContainerStore {
  readonly #root: string;
  readonly #states = new Map<ContainerId, StoredContainer>();
  readonly #names = new Map<string, ContainerId>();
  readonly #held = new Map<ContainerId, Held>();
  readonly #listeners = new Set<(change: RuntimeChange) => void>();

  constructor(root: string) {
    this.#root = root;
  }

  directory(id: ContainerId): string {
    return `${this.#root}/${id}`;
  }

  all(): StoredContainer[] {
    return [...this.#states.values()];
  }

  get(id: ContainerId): StoredContainer | undefined {
    return this.#states.get(id);
  }

  /** @throws Problem 'not-found' */
  need(id: ContainerId): StoredContainer {
    const state = this.#states.get(id);
    if (state === undefined) throw new Problem('not-found', `no container ${id}`);
    return state;
  }

  held(id: ContainerId): Held {
    let held = this.#held.get(id);
    if (held === undefined) {
      held = { pidfd: undefined, inputs: new Map(), pipes: new Map() };
      this.#held.set(id, held);
    }
    return held;
  }

  /** By id, name or beginning of an id, among those that `isVisible` says exist for whoever asks. */
  find(reference: string, isVisible: (container: Container) => boolean): Container | undefined {
    // An id before a name: who names a container like another's id does not take its place.
    for (const id of [reference, this.#names.get(reference)]) {
      const found = id === undefined ? undefined : this.#states.get(id)?.container;
      if (found !== undefined && isVisible(found)) return found;
    }
    return this.#byPrefix(reference, isVisible);
  }

  #byPrefix(reference: string, isVisible: (container: Container) => boolean): Container | undefined {
    if (!/^[0-9a-f]{8,15}$/.test(reference)) return undefined;
    const matching = this.all()
      .map(({ container }) => container)
      .filter((container) => container.id.startsWith(reference) && isVisible(container));
    return matching.length === 1 ? matching[0] : undefined;
  }

  /** @throws Problem 'conflict' where the name is taken */
  checkName(name: string): void {
    const holder = this.#names.get(name);
    if (holder !== undefined) {
      throw new Problem('conflict', `the name ${name} is taken by container ${holder}`, {
        remedy: `choose another name, or remove that one: ./bulkhead rm -f ${name}`,
      });
    }
  }

  /** Takes a new container in. @throws Problem 'conflict' where its name is taken */
  add(state: StoredContainer): void {
    const { id, name } = state.container;
    this.checkName(name);
    makeStateDirectory(this.directory(id));
    writeState(this.directory(id), state);
    this.load(state);
  }

  /** Takes in what was read from /run. */
  load(state: StoredContainer): void {
    this.#states.set(state.container.id, state);
    this.#names.set(state.container.name, state.container.id);
  }

  /** Writes a change and, unless it is only of an operation in between, tells of it. */
  update(
    id: ContainerId,
    change: Partial<Omit<StoredContainer, 'container'>> & { container?: Partial<Container> },
    tell = true,
  ): StoredContainer {
    const before = this.need(id);
    const { container, ...rest } = change;
    const after: StoredContainer = { ...before, ...rest, container: { ...before.container, ...container } };
    writeState(this.directory(id), after);
    this.#states.set(id, after);
    if (tell) this.tell({ type: 'changed', container: after.container, previous: before.container.status });
    return after;
  }

  remove(id: ContainerId, tell: boolean): void {
    const state = this.#states.get(id);
    const held = this.#held.get(id);
    held?.pidfd?.[Symbol.dispose]();
    for (const input of held?.inputs.values() ?? []) {
      input.stdin?.[Symbol.dispose]();
      input.terminal?.[Symbol.dispose]();
    }
    for (const key of [...(held?.pipes.keys() ?? [])]) closePipes(held as Held, key);
    this.#held.delete(id);
    this.#states.delete(id);
    if (state !== undefined && this.#names.get(state.container.name) === id) this.#names.delete(state.container.name);
    removeStateDirectory(this.directory(id));
    if (state !== undefined && tell) this.tell({ type: 'removed', container: state.container });
  }

  onChange(listener: (change: RuntimeChange) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  tell(change: RuntimeChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}
