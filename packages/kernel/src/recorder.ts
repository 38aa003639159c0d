/** One call as it was made (the model's TranscriptStep, less the actor). */
export interface RecordedStep {
  syscall: string;
  args: string;
  error?: string;
  durationNsec: number;
}

/**
 * Collects what is done to the host: every syscall of this package and every write, with its duration. Bounded: what
 * does not fit is counted, not kept.
 */
export class Recorder {
  readonly steps: RecordedStep[] = [];
  dropped = 0;
  readonly #limit: number;

  constructor(limit = 2000) {
    this.#limit = limit;
  }

  add(step: RecordedStep): void {
    if (this.steps.length < this.#limit) this.steps.push(step);
    else this.dropped += 1;
  }
}

let active: Recorder | undefined;

/** The recorder of the synchronous section that runs now. */
export const activeRecorder = (): Recorder | undefined => active;

/**
 * Runs a synchronous section whose calls are recorded. Synchronous on purpose: two actions in flight can never write
 * into each other's transcript.
 */
export function record<T>(recorder: Recorder | undefined, section: () => T): T {
  const before = active;
  active = recorder;
  try {
    return section();
  } finally {
    active = before;
  }
}
