import { integrationFilesForGuest } from '../support/vm/integration-files.ts';
import { describeGuestTests } from '../support/vm/register.ts';

// The same tests as on this machine, on Debian's kernel with nothing but control groups version 2. Two guests share the
// files, one on each processor: this one has launcher and containers.
await describeGuestTests({
  name: 'containers',
  system: 'bare',
  project: 'integration',
  files: integrationFilesForGuest('containers'),
  timeoutSeconds: 2100,
});
