import { Command, Option } from 'commander';
import { addConfigCommands } from './cgroup/config-commands.ts';
import { stateDirectoryOf } from './state-directory.ts';

const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

/** Options of every verb that changes a group. */
const withConsent = (command: Command): Command =>
  command
    .option('-y, --yes', 'confirms a change of a cgroup that belongs to somebody else')
    .option('--force', 'does it to what the host or bulkhead itself lives by, too');

const withDryRun = (command: Command): Command =>
  withConsent(command)
    .option('-n, --dry-run', "tells whose it is, what would change and the owner's own command, and does nothing")
    .option('--json', 'prints JSON');

const pathArgument = ['<path>', 'as ./bulkhead cgroup ls shows it: /system.slice/ssh.service'] as const;

/** Commands on the cgroups of the whole host, whoever made them. */
export function addCgroupCommands(program: Command): void {
  const cgroup = new Command('cgroup')
    .summary(
      'cgroups of the whole host: ls, tree, get, settings, set, create, rm, move, freeze, thaw, kill, exec, classify, controllers, import, export, configs',
    )
    .enablePositionalOptions();
  addLooks(cgroup);
  addChanges(cgroup);
  addProcessCommands(cgroup);
  addConfigCommands(cgroup);
  program.addCommand(cgroup);
}

function addLooks(cgroup: Command): void {
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
    .summary('shows kernel files or a setting of a cgroup as they stand')
    .description('Shows one kernel file or setting of a cgroup as it stands, or all kernel files, in every hierarchy it is in.')
    .argument(...pathArgument)
    .argument('[file]', 'cpu.max, memory.limit_in_bytes, devices')
    .option('--json', 'prints JSON')
    .action(async (path: string, file: string | undefined, options, command: Command) => {
      const { showCgroupFiles } = await import('./cgroup/get.ts');
      await showCgroupFiles(stateDirectoryOf(command), { path, file }, options);
    });
  cgroup
    .command('settings')
    .summary('shows every setting of a cgroup in one vocabulary for both versions')
    .argument(...pathArgument)
    .option('-a, --all', 'shows those too that it cannot have here, and why')
    .option('--json', 'prints JSON')
    .action(async (path: string, options, command: Command) => {
      const { showCgroupSettings } = await import('./cgroup/settings.ts');
      await showCgroupSettings(stateDirectoryOf(command), path, options);
    });
  cgroup
    .command('controllers')
    .summary('lists controllers by hierarchy, as lssubsys(1) does')
    .option('-m, --mount-points', 'with where they are mounted')
    .option('-a, --all', 'also those that are mounted nowhere')
    .option('--json', 'prints JSON')
    .action(async (options, command: Command) => {
      const { listControllers } = await import('./cgroup/act.ts');
      await listControllers(stateDirectoryOf(command), options);
    });
}

function addChanges(cgroup: Command): void {
  withDryRun(cgroup.command('set'))
    .summary('changes settings of a cgroup, all of them or none')
    .argument(...pathArgument)
    .argument('<setting=value...>', 'cpu.weight=50 memory.max=64M; files of either version are taken as well: cpu.shares=200')
    .option('--enable-controllers', 'v2: hands controllers that are missing down from the groups above')
    .addHelpText('after', '\nExample:\n  ./bulkhead cgroup set /lesscpu cpu.weight=20 cpu.max="50000 100000"')
    .action(async (path: string, assignments: string[], options, command: Command) => {
      const { setCgroup } = await import('./cgroup/act.ts');
      await setCgroup(stateDirectoryOf(command), path, assignments, options);
    });
  withDryRun(cgroup.command('create'))
    .summary('makes a cgroup')
    .argument('<path>', 'with the groups above that are missing')
    .option('-c, --controllers <controllers>', 'cpu,memory: hierarchies of v1, or what v2 hands down to it')
    .action(async (path: string, options, command: Command) => {
      const { createCgroup } = await import('./cgroup/act.ts');
      await createCgroup(stateDirectoryOf(command), path, options);
    });
  withDryRun(cgroup.command('rm'))
    .summary('removes a cgroup that is empty')
    .argument(...pathArgument)
    .option('-r, --recursive', 'those below it too')
    .action(async (path: string, options, command: Command) => {
      const { removeCgroup } = await import('./cgroup/act.ts');
      await removeCgroup(stateDirectoryOf(command), path, options);
    });
  const words = {
    freeze: 'lets all processes of a cgroup stand still, and waits until they do',
    thaw: 'lets them go on',
    kill: 'ends every process of a cgroup and below it',
  } as const;
  for (const verb of ['freeze', 'thaw', 'kill'] as const)
    withDryRun(cgroup.command(verb))
      .summary(words[verb])
      .argument(...pathArgument)
      .action(async (path: string, options, command: Command) => {
        const { actOnCgroup } = await import('./cgroup/act.ts');
        await actOnCgroup(stateDirectoryOf(command), verb, path, options);
      });
}

function addProcessCommands(cgroup: Command): void {
  withDryRun(cgroup.command('move'))
    .summary('moves processes into a cgroup, in every hierarchy that has it')
    .argument(...pathArgument)
    .argument('<pid...>')
    .option('--threads', 'moves single threads, by their tids')
    .action(async (path: string, pids: string[], options, command: Command) => {
      const { moveIntoCgroup } = await import('./cgroup/act.ts');
      await moveIntoCgroup(stateDirectoryOf(command), path, pids, options);
    });
  withConsent(cgroup.command('classify'))
    .summary('moves processes into cgroups by controller, as cgclassify(1) does')
    .requiredOption('-g, --group <controllers:path>', 'cpu,memory:jobs/one, or a template: cpu:students/%u; may be repeated', collect)
    .argument('<pid...>')
    .action(async (pids: string[], options, command: Command) => {
      const { classifyProcesses } = await import('./cgroup/act.ts');
      await classifyProcesses(stateDirectoryOf(command), pids, options);
    });
  withConsent(cgroup.command('exec'))
    .summary('runs a command in cgroups, as cgexec(1) does')
    .requiredOption('-g, --group <controllers:path>', 'cpu:lesscpu; may be repeated', collect)
    .argument('<command...>', 'command and arguments')
    .passThroughOptions()
    .addHelpText('after', '\nExample:\n  ./bulkhead cgroup exec -g cpu:lesscpu -- sh /tmp/1.sh')
    .action(async (args: string[], options, command: Command) => {
      const { execInCgroup } = await import('./cgroup/exec.ts');
      await execInCgroup(stateDirectoryOf(command), args[0] === '--' ? args.slice(1) : args, options);
    });
}
