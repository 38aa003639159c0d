import { describeGuestTests } from '../support/vm/register.ts';

// A whole Debian, made with debootstrap, whose PID 1 is systemd: there `up` is a guest in a tree that is not its own.
await describeGuestTests({
  name: 'systemd',
  system: 'systemd',
  project: 'guest',
  files: ['test/vm/guest/delegated-scope.test.ts'],
  timeoutSeconds: 1500,
});
