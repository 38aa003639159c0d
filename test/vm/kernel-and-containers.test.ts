import { integrationFilesForGuest } from '../support/vm/integration-files.ts';
import { describeGuestTests } from '../support/vm/register.ts';

// The same tests as on this machine, on Debian's kernel with nothing but control groups version 2. Two guests share the
// files, one on each processor: this one has what goes down to the kernel directly.
await describeGuestTests({
  name: 'kernel-and-containers',
  system: 'bare',
  project: 'integration',
  files: integrationFilesForGuest('below the agent'),
  timeoutSeconds: 1500,
});
