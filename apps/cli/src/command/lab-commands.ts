import { LabKind } from '@bulkhead/model';
import { Command } from 'commander';
import { summaries } from './lab/words.ts';
import { stateDirectoryOf } from './state-directory.ts';

/** Experiments that show on this host what control groups do. */
export function addLabCommands(program: Command): void {
  const lab = new Command('lab')
    .summary('experiments that show what control groups do: ls, shares, quota, memory, …')
    .description(
      'Experiments on this host, each of which shows one use of control groups, proves it by the kernel’s own counters and takes away what it made.',
    );
  lab
    .command('ls', { isDefault: true })
    .summary('lists the labs, and those that this host cannot carry out with the reason')
    .option('--json', 'prints JSON')
    .action(async (options, command: Command) => {
      const { listLabs } = await import('./lab/list.ts');
      await listLabs(stateDirectoryOf(command), options);
    });
  for (const kind of LabKind.options)
    lab
      .command(kind)
      .summary(summaries[kind])
      .description(
        `${summaries[kind]}.\nThe exit code is 0 where everything came out as expected, else 1. Ctrl-C stops it and takes away what it made.`,
      )
      .option('--seconds <number>', 'how long it measures')
      .option('--json', 'prints the whole run as JSON when it has ended')
      .action(async (options, command: Command) => {
        const { conductLab } = await import('./lab/conduct.ts');
        await conductLab(stateDirectoryOf(command), kind, options);
      });
  lab
    .command('stop')
    .summary('stops the lab that is running, and takes away what it made')
    .action(async (_options, command: Command) => {
      const { stopLab } = await import('./lab/list.ts');
      await stopLab(stateDirectoryOf(command));
    });
  program.addCommand(lab);
}
