/** OCI lifecycle of containers: create, start, state, kill, delete, exec. The code of the forked child is in init/. */

export { createContainerRuntime } from './runtime/runtime.ts';
export { type KeptTranscript, RecordedTranscript, readTranscript } from './runtime/transcript.ts';
export * from './types.ts';
