import { integrationFilesForGuest } from '../support/vm/integration-files.ts';
import { describeGuestTests } from '../support/vm/register.ts';

// The other half, see containers.test.ts: sampling, control groups and namespaces of the whole host.
await describeGuestTests({
  name: 'agent-and-host',
  system: 'bare',
  project: 'integration',
  files: integrationFilesForGuest('agent and host'),
  timeoutSeconds: 2100,
});
