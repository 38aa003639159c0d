import type { Command } from 'commander';
import { stateDirectoryOf } from './state-directory.ts';

/** Commands on those who may sign in to the dashboard. For root: the control plane's local socket is open to nobody else. */
export function addUserCommands(program: Command): void {
  const user = program.command('user').summary('who may sign in to the dashboard');
  user
    .command('ls')
    .summary('lists users')
    .option('--json', 'prints JSON')
    .action(async (options: { json?: boolean }, command: Command) => {
      const { listUsers } = await import('./user.ts');
      await listUsers(stateDirectoryOf(command), options);
    });
  user
    .command('add')
    .summary('adds a member of a tenant and prints a one-time link')
    .description(
      'Adds a member of a tenant, who sees that tenant alone, and prints a link that sets its password: once, within an hour. ' +
        'A tenant that is not there yet is made.',
    )
    .argument('<name>', 'name to show, or the email address')
    .requiredOption('--tenant <tenant>', 'whose member it becomes')
    .option('--email <address>', 'to sign in with, where the name is none')
    .option('--json', 'prints JSON')
    .action(async (name: string, options: { tenant: string; email?: string; json?: boolean }, command: Command) => {
      const { addUser } = await import('./user.ts');
      await addUser(stateDirectoryOf(command), name, options);
    });
  user
    .command('reset')
    .summary('prints a one-time link that sets a new password')
    .description(
      'Prints a link that sets a new password: once, within an hour. With its use every session of the user ends; until then ' +
        'the password of before works. An earlier link is dead.',
    )
    .argument('<name>', 'email, name or id')
    .option('--json', 'prints JSON')
    .action(async (name: string, options: { json?: boolean }, command: Command) => {
      const { resetUser } = await import('./user.ts');
      await resetUser(stateDirectoryOf(command), name, options);
    });
  user
    .command('rm')
    .summary('removes a user and ends its sessions')
    .argument('<name>', 'email, name or id')
    .action(async (name: string, _options: object, command: Command) => {
      const { removeUser } = await import('./user.ts');
      await removeUser(stateDirectoryOf(command), name);
    });
}
