import { integrationFilesForGuest } from '../support/vm/integration-files.ts';
import { describeGuestTests } from '../support/vm/register.ts';

// The other half, see kernel-and-containers.test.ts.
await describeGuestTests({
  name: 'agent',
  system: 'bare',
  project: 'integration',
  files: integrationFilesForGuest('agent'),
  timeoutSeconds: 1500,
});
