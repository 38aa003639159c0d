/** Sets one setting of one cgroup as it sees the hierarchies from where it runs, and prints what it then is: `cgroup-set.ts PATH KEY VALUE`. */
import { HostCgroupControl } from '@bulkhead/cgroup';

const [path = '', key = '', value = ''] = process.argv.slice(2);
using control = new HostCgroupControl();
control.apply(control.plan(path, [{ key, value }]));
process.stdout.write(`${JSON.stringify(control.settings(path).find((each) => each.key === key)?.value)}\n`);
