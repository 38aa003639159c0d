import { Command, Option } from 'commander';
import { stateDirectoryOf } from './state-directory.ts';

/** Commands on the cgroups of the whole host, whoever made them. */
export function addCgroupCommands(program: Command): void {
  const cgroup = new Command('cgroup').summary('cgroups of the whole host: ls, tree, get');
  cgroup
    .command('ls')
    .summary('lists every cgroup with what it uses')
    .addOption(new Option('--sort <column>', 'order of the rows').choices(['path', 'cpu', 'memory', 'pids']).default('path'))
    .option('--json', 'prints JSON')
    .action(async (options, command: Command) => {
      const { listCgroups } = await import('./cgroup/list.ts');
      await listCgroups(stateDirectoryOf(command), options);
    });
  cgroup
    .command('tree')
    .summary('shows them as a tree')
    .argument('[path]', 'begins with this one', '/')
    .option('--json', 'prints JSON')
    .action(async (path: string, options, command: Command) => {
      const { showCgroupTree } = await import('./cgroup/list.ts');
      await showCgroupTree(stateDirectoryOf(command), path, options);
    });
  cgroup
    .command('get')
    .summary('shows kernel files of a cgroup as they stand')
    .description('Shows one kernel file of a cgroup as it stands, or all of them, in every hierarchy it is in.')
    .argument('<path>', 'as ./bulkhead cgroup ls shows it: /system.slice/ssh.service')
    .argument('[file]', 'cpu.max, memory.limit_in_bytes')
    .option('--json', 'prints JSON')
    .action(async (path: string, file: string | undefined, options, command: Command) => {
      const { showCgroupFiles } = await import('./cgroup/get.ts');
      await showCgroupFiles(stateDirectoryOf(command), { path, file }, options);
    });
  program.addCommand(cgroup);
}
