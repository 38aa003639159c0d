import { type RecordedTranscript, TranscriptBuilder } from '@bulkhead/container';
import { Recorder, record } from '@bulkhead/kernel';
import { Problem } from '@bulkhead/model';

/** Runs what changes the host, recorded, also where it fails in the midst. */
export class RecordedSections {
  readonly #failed = new WeakMap<Problem, RecordedTranscript>();

  record<T>(section: () => T): { result: T; transcript: RecordedTranscript } {
    const builder = new TranscriptBuilder();
    const recorder = new Recorder();
    try {
      const result = record(recorder, section);
      builder.addRecorded(recorder);
      return { result, transcript: builder.finish() };
    } catch (failure) {
      builder.addRecorded(recorder);
      if (failure instanceof Problem) this.#failed.set(failure, builder.finish());
      throw failure;
    }
  }

  /** What was done until a failure, and taken back. */
  transcriptOf(problem: Problem): RecordedTranscript | undefined {
    return this.#failed.get(problem);
  }
}
