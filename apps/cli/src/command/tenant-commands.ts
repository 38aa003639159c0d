import type { Command } from 'commander';
import { stateDirectoryOf } from './state-directory.ts';
import type { OwningOptions } from './tenant.ts';

/** Commands on tenants and what they own. */
export function addTenantCommands(program: Command): void {
  const tenant = program.command('tenant').summary('tenants, and what they own');
  tenant
    .command('ls')
    .alias('list')
    .summary('lists tenants')
    .option('--json', 'prints JSON')
    .action(async (options: { json?: boolean }, command: Command) => {
      const { listTenants } = await import('./tenant.ts');
      await listTenants(stateDirectoryOf(command), options);
    });
  tenant
    .command('add')
    .summary('adds a tenant')
    .argument('<tenant>', 'its id: 1 to 40 lower-case letters, digits and inner hyphens')
    .option('--name <name>', 'what people call it')
    .action(async (tenantId: string, options: { name?: string }, command: Command) => {
      const { addTenant } = await import('./tenant.ts');
      await addTenant(stateDirectoryOf(command), tenantId, options);
    });
  tenant
    .command('rename')
    .summary('calls a tenant by another name')
    .description('Calls a tenant by another name. Its id stays: cgroups, use and invoices know it by that.')
    .argument('<tenant>', 'its id')
    .argument('<name>', 'what people call it from now on')
    .action(async (tenantId: string, name: string, _options: object, command: Command) => {
      const { renameTenant } = await import('./tenant.ts');
      await renameTenant(stateDirectoryOf(command), tenantId, name);
    });
  tenant
    .command('own')
    .summary('gives a container or a cgroup of others to a tenant')
    .description(
      'Gives a container, or any cgroup of others (a systemd unit, a container of Docker or Podman, a group made by hand), to a ' +
        "tenant. A cgroup is metered from then on; what it used before is nobody's. Who owned a resource until then stays its " +
        'owner of before.',
    )
    .argument('<tenant>', 'whose it becomes')
    .option('--container <id|name>', 'a container of this instance')
    .option('--cgroup <path>', 'a cgroup, such as /system.slice/nginx.service')
    .option('--label <text>', 'what people call the cgroup; its path, where it is left out')
    .option('--from <time>', 'from when; now, where it is left out')
    .option('--to <time>', 'until when; without end, where it is left out')
    .action(async (tenantId: string, options: OwningOptions, command: Command) => {
      const { own } = await import('./tenant.ts');
      await own(stateDirectoryOf(command), tenantId, options);
    });
  tenant
    .command('disown')
    .summary('takes a container or cgroup from a tenant')
    .description("Takes a container or cgroup from a tenant: from then on what it uses is nobody's, until it is given to somebody.")
    .argument('<tenant>', 'whose it is')
    .option('--container <id|name>', 'a container of this instance')
    .option('--cgroup <path>', 'a cgroup')
    .option('--to <time>', 'until when it was owned; now, where it is left out')
    .action(async (tenantId: string, options: OwningOptions, command: Command) => {
      const { disown } = await import('./tenant.ts');
      await disown(stateDirectoryOf(command), tenantId, options);
    });
  tenant
    .command('owned')
    .summary('lists who owned what, and when')
    .description(
      'Lists who owned what, and when: what was given or taken. Containers that never changed hands belong to the tenant they were made for.',
    )
    .argument('[tenant]', 'of this tenant alone')
    .option('--json', 'prints JSON')
    .action(async (tenantId: string | undefined, options: { json?: boolean }, command: Command) => {
      const { listOwned } = await import('./tenant.ts');
      await listOwned(stateDirectoryOf(command), tenantId, options);
    });
}
