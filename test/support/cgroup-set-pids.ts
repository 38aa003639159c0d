import { HostCgroupControl } from '@bulkhead/cgroup';
import { Problem } from '@bulkhead/model';

// Limits the cgroup that is named, in whatever mount namespace this runs, and tells what came of it.
using control = new HostCgroupControl();
try {
  control.apply(control.plan(process.argv[2] as string, [{ key: 'pids.max', value: '77' }]));
  console.log('done');
} catch (failure) {
  if (!(failure instanceof Problem)) throw failure;
  console.log(`${failure.code} ${failure.message}`);
}
