/** OCI lifecycle of containers: create, start, state, kill, delete, exec. The code of the forked child is in init/. */

export { launcherBundle, readLauncherBuild } from './launcher/build.ts';
export { type LauncherProgram, Renewal, type RenewalOutcome } from './launcher/renewal.ts';
export { initName } from './runtime/cgroup-root.ts';
export { readProcess } from './runtime/processes.ts';
export { createContainerRuntime } from './runtime/runtime.ts';
export { type KeptTranscript, RecordedTranscript, readTranscript, TranscriptBuilder } from './runtime/transcript.ts';
export * from './types.ts';
