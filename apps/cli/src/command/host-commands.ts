import { type Command, Option } from 'commander';
import { readEnvironment } from '../env.ts';
import { stateDirectoryOf } from './state-directory.ts';

/** Commands that bring an instance up and down and look at it. */
export function addHostCommands(program: Command): void {
  program
    .command('up')
    .summary('brings everything up and keeps it up until Ctrl-C')
    .description(
      'Brings everything up, as root: users, database, launcher, agent, collector and dashboard. Prints "ready URL" when it serves. ' +
        'Ctrl-C stops all but containers; the next up finds them again.',
    )
    .option('--listen <address:port>', 'where the dashboard listens; beyond loopback it speaks TLS only', '127.0.0.1:8470')
    .option('--tls-cert <file>', 'certificate (PEM) beyond loopback; self-signed if none is given')
    .option('--tls-key <file>', 'its private key (PEM)')
    .option('--no-web', 'starts neither dashboard nor collector nor database')
    .addHelpText(
      'after',
      '\nEnvironment:\n  DATABASE_URL        a PostgreSQL to use in place of the embedded one\n  BULKHEAD_STATE_DIR  state directory where no --state-dir is given' +
        '\n  BULKHEAD_RETENTION_LIVE_MINUTES, _MINUTE_DAYS, _HOUR_MONTHS  how long is kept what (15, 14, 13)',
    )
    .action(async (options, command: Command) => {
      const { up } = await import('../up/up.ts');
      await up({ stateDirectory: stateDirectoryOf(command), environment: readEnvironment(), ...options });
    });
  program
    .command('down')
    .summary('ends everything, containers too')
    .description('Ends everything, containers too, and leaves no process, mount, cgroup or runtime file.')
    .option('--purge', 'removes the state directory, users and settings as well: nothing at all is left')
    .action(async (options: { purge?: boolean }, command: Command) => {
      const { down } = await import('../up/down.ts');
      await down({ stateDirectory: stateDirectoryOf(command), environment: readEnvironment(), purge: options.purge === true });
    });
  program
    .command('status')
    .summary('tells which services run')
    .option('--json', 'prints JSON')
    .action(async (options: { json?: boolean }, command: Command) => {
      const { showStatus } = await import('./status.ts');
      await showStatus(stateDirectoryOf(command), options);
    });
  program
    .command('doctor')
    .summary('tells what this host has and lacks, and what that costs')
    .description(
      'Looks at kernel, control groups, privileges, clock, disk, port, versions and services, before the first up too. ' +
        'Exit code 1 where something is bad. As root it sees everything.',
    )
    .option('--json', 'prints JSON, in English whatever the language')
    .addOption(
      new Option('--lang <language>', 'en, or zh for 简体中文; by LC_ALL, LC_MESSAGES or LANG where not given').choices(['en', 'zh']),
    )
    .action(async (options: { json?: boolean; lang?: 'en' | 'zh' }, command: Command) => {
      const { showDoctor } = await import('./doctor.ts');
      await showDoctor(stateDirectoryOf(command), options);
    });
  const service = program.command('service').summary('the services behind it');
  service
    .command('logs')
    .summary("shows a service's log: database, launcher, agent, collector or web")
    .argument('<service>')
    .option('-f, --follow', 'goes on until Ctrl-C')
    .option('-n, --lines <number>', 'shows the last lines', '100')
    .action(async (name: string, options: { follow?: boolean; lines: string }, command: Command) => {
      const { showServiceLog } = await import('./service-log.ts');
      await showServiceLog(stateDirectoryOf(command), name, options);
    });
  const host = program.command('host').summary('the host itself');
  host
    .command('storage')
    .summary('tells how much is stored, and how long what is kept')
    .option('--json', 'prints JSON')
    .action(async (options: { json?: boolean }, command: Command) => {
      const { showStorage } = await import('./storage.ts');
      await showStorage(stateDirectoryOf(command), options);
    });
  program
    .command('usage')
    .summary('tells what tenants used')
    .option('--tenant <tenant>', 'one tenant alone')
    .option('--from <time>', 'begin, RFC 3339; all time by default')
    .option('--to <time>', 'end, RFC 3339; now by default')
    .option('--conservation', "holds it against the kernel's own sums, hour by hour; the last day by default")
    .option('--json', 'prints JSON')
    .action(async (options, command: Command) => {
      const { showUsage } = await import('./usage.ts');
      await showUsage(stateDirectoryOf(command), options);
    });
}
