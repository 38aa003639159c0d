import type { Command } from 'commander';
import { stateDirectoryOf } from '../state-directory.ts';

/** `demo`. */
export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .summary('fills every page: two tenants, six small containers, prices; --remove takes it away')
    .description(
      'Makes two tenants with billing accounts, a price plan, and six containers of different habits, which together take half a ' +
        'CPU and 256 MiB at most. What they use is measured. Run again it makes what is missing. Names that somebody else has ' +
        'are not touched.',
    )
    .option('--remove', 'removes its containers and takes its prices back; what the ledger keeps is told')
    .action(async ({ remove }: { remove?: boolean }, command: Command) => {
      const stateDirectory = stateDirectoryOf(command);
      if (remove === true) {
        const { removeDemo } = await import('./remove.ts');
        await removeDemo(stateDirectory);
      } else {
        const { makeDemo } = await import('./make.ts');
        await makeDemo(stateDirectory);
      }
    });
}
