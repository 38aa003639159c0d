import type { LabChange } from '@bulkhead/api';
import type { LabKind, LabRun } from '@bulkhead/model';
import type { Trouble } from '../../lib/api.ts';

/** The last run of each lab; a new object with every change. */
export interface LabRuns {
  /** Undefined until the first snapshot. */
  runs: ReadonlyMap<LabKind, LabRun> | undefined;
  trouble: Trouble | undefined;
}

export const unknownRuns: LabRuns = { runs: undefined, trouble: undefined };

/** Runs of labs in this tab, outside React. */
export class LabStore {
  #view: LabRuns = unknownRuns;
  readonly #listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  readonly view = (): LabRuns => this.#view;

  apply(change: LabChange): void {
    switch (change.type) {
      case 'snapshot':
        this.#show({ runs: new Map(change.runs.map((run) => [run.lab, run])), trouble: undefined });
        break;
      case 'run':
        this.#put(change.run);
        break;
      case 'step':
        this.#change(change.run, (run) => ({ ...run, steps: [...run.steps, change.step] }));
        break;
      case 'point':
        this.#change(change.run, (run) => ({ ...run, points: [...run.points, change.point] }));
        break;
    }
  }

  applyTrouble(trouble: Trouble | undefined): void {
    this.#show({ ...this.#view, trouble });
  }

  #change(id: string, change: (run: LabRun) => LabRun): void {
    const run = [...(this.#view.runs?.values() ?? [])].find((each) => each.id === id);
    // What is of a run that is not known comes again with the next whole one.
    if (run !== undefined) this.#put(change(run));
  }

  #put(run: LabRun): void {
    this.#show({ ...this.#view, runs: new Map(this.#view.runs).set(run.lab, run) });
  }

  #show(view: LabRuns): void {
    this.#view = view;
    for (const listener of this.#listeners) listener();
  }
}
