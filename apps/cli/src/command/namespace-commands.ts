import { type Command, Option } from 'commander';
import { stateDirectoryOf } from './state-directory.ts';

const types = ['pid', 'network', 'mount', 'ipc', 'uts', 'cgroup', 'user', 'time'];

/** Commands on the namespaces of the host, whoever made them. */
export function addNamespaceCommands(program: Command): void {
  const namespace = program.command('namespace').summary('the namespaces of this host, whoever made them');
  namespace
    .command('ls')
    .summary('lists namespaces')
    .addOption(new Option('--type <type>', 'lists those of one type alone').choices(types))
    .option('--json', 'prints JSON, workloads too')
    .action(async (options, command: Command) => {
      const { listNamespaces } = await import('./namespace/list.ts');
      await listNamespaces(stateDirectoryOf(command), options);
    });
  namespace
    .command('tree')
    .summary('shows which namespace owns or contains which')
    .action(async (_options, command: Command) => {
      const { showNamespaceTree } = await import('./namespace/tree.ts');
      await showNamespaceTree(stateDirectoryOf(command));
    });
  namespace
    .command('inspect')
    .summary('tells everything about one namespace, or about those of a process')
    .argument('<key|pid>', 'a namespace as `ls` prints it, its inode number, or a process')
    .option('--json', 'prints JSON')
    .addHelpText('after', '\nExamples:\n  ./bulkhead namespace inspect 4-4026531840\n  ./bulkhead namespace inspect $$')
    .action(async (reference: string, options, command: Command) => {
      const { inspectNamespace } = await import('./namespace/inspect.ts');
      await inspectNamespace(stateDirectoryOf(command), reference, options);
    });
}
