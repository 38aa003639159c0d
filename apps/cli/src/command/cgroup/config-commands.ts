import { type Command, Option } from 'commander';
import { stateDirectoryOf } from '../state-directory.ts';

/** Commands on configurations in the form of libcgroup, cgconfig.conf(5). */
export function addConfigCommands(cgroup: Command): void {
  cgroup
    .command('import')
    .summary('applies a cgconfig.conf, and again after each boot')
    .description('Shows what a cgconfig.conf does on cgroup v1 and on v2, applies it, all or nothing, and keeps it over boots.')
    .argument('<file>', '/etc/cgconfig.conf; - reads it from standard input')
    .option('--name <name>', 'keeps it under this name; by default that of the file')
    .option('--preview', 'only shows what it would do')
    .option('--yes', 'does it without asking, also to groups of other owners')
    .option('--json', 'prints JSON')
    .action(async (file: string, options, command: Command) => {
      const { importConfig } = await import('./config.ts');
      await importConfig(stateDirectoryOf(command), file, options);
    });
  cgroup
    .command('export')
    .summary('writes groups as a cgconfig.conf')
    .description(
      'Writes the groups at a path and below it as a cgconfig.conf: only what a new group would not have. Imported again it changes nothing.',
    )
    .argument('<path>', 'as ./bulkhead cgroup ls shows it: /lesscpu')
    .option('--controllers <names>', 'only these: cpu,memory')
    .addOption(new Option('--words <version>', "in the words of this version; by default the host's").choices(['v1', 'v2']))
    .option('--all', 'also what a new group has')
    .option('-o, --output <file>', 'into a file')
    .action(async (path: string, options, command: Command) => {
      const { exportConfig } = await import('./config.ts');
      await exportConfig(stateDirectoryOf(command), path, options);
    });
  cgroup
    .command('configs')
    .summary('lists the configurations that are kept')
    .option('--json', 'prints JSON, with their texts')
    .action(async (options, command: Command) => {
      const { listConfigs } = await import('./config.ts');
      await listConfigs(stateDirectoryOf(command), options);
    });
  cgroup
    .command('remove-config')
    .summary('forgets a configuration and takes back what it did')
    .description('Forgets a configuration. Groups that it made go where they are empty, values of others are put back; what stays is told.')
    .argument('<name>', 'as ./bulkhead cgroup configs shows it')
    .option('--json', 'prints JSON')
    .action(async (name: string, options, command: Command) => {
      const { removeConfig } = await import('./config.ts');
      await removeConfig(stateDirectoryOf(command), name, options);
    });
}
