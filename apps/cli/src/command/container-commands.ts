import { Command, Option } from 'commander';
import { stateDirectoryOf } from './state-directory.ts';

const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

const withSpecOptions = (command: Command): Command =>
  command
    .option('--name <name>', 'what to call it; two random words by default')
    .addOption(
      new Option('--image <image>', 'what it is made of: "host" is this host\'s own /usr, read-only, under a fresh root').default('host'),
    )
    .option('--tenant <tenant>', 'whose it is and who pays for it ("default" if none is named)')
    .option('--memory <size>', 'most memory it may hold: 256M, 1.5G')
    .option('--cpus <number>', 'most CPU time it may take: 0.5 is half a CPU')
    .option('--cpu-weight <number>', 'share of CPU time when there is not enough for all: 1 to 10000, 100 by default')
    .option('--pids <number>', 'most processes and threads it may have')
    .option('-e, --env <name=value>', 'sets a variable, or with NAME alone passes yours on; may be repeated', collect)
    .option('-w, --workdir <path>', 'directory the command starts in')
    .option('-u, --user <uid[:gid]>', 'numeric user and group inside the container')
    .option('--hostname <name>', 'its host name; its own name by default')
    .option('-t, --tty', 'gives it a terminal')
    .option('-i, --interactive', 'passes standard input on')
    .option('--rm', 'removes it when it has ended')
    .option('--time-namespace', 'gives it clocks of its own')
    .option('--json', 'prints what was made as JSON');

const references = ['<container...>', 'names or ids'] as const;

/** Commands on containers, by their names without `container` in front. */
function containerCommands(): Command[] {
  return [
    withSpecOptions(new Command('run'))
      .summary('makes a container and starts a command in it')
      .description('Makes a container and starts a command in it. Shows its output and ends with its exit code, unless -d is given.')
      .option('-d, --detach', 'leaves it running and prints its id')
      .argument('<command...>', 'command and arguments, after --')
      .passThroughOptions()
      .addHelpText('after', '\nExample:\n  ./bulkhead run --name hello --memory 64M --cpus 0.5 -- sh -c "echo hello from $(hostname)"')
      .action(async (args: string[], options, command: Command) => {
        const { runContainer } = await import('./container/run.ts');
        await runContainer(stateDirectoryOf(command), options, args);
      }),
    withSpecOptions(new Command('create'))
      .summary('makes a container without starting it')
      .argument('<command...>', 'command and arguments, after --')
      .passThroughOptions()
      .action(async (args: string[], options, command: Command) => {
        const { createContainer } = await import('./container/run.ts');
        await createContainer(stateDirectoryOf(command), options, args);
      }),
    new Command('start')
      .summary('starts containers that were created')
      .argument(...references)
      .action(async (names: string[], _options, command: Command) => {
        const { startContainers } = await import('./container/change.ts');
        await startContainers(stateDirectoryOf(command), names);
      }),
    new Command('ls')
      .summary('lists running containers')
      .option('-a, --all', 'lists stopped ones too')
      .option('-q, --quiet', 'prints ids alone')
      .option('--tenant <tenant>', "lists one tenant's alone")
      .option('--foreign', 'lists the containers of other runtimes instead: Docker, Podman, containerd, CRI-O, LXC, systemd-nspawn')
      .option('--json', 'prints JSON')
      .action(async (options, command: Command) => {
        const { listContainers } = await import('./container/list.ts');
        await listContainers(stateDirectoryOf(command), options);
      }),
    new Command('exec')
      .summary('runs a further command in a running container')
      .option('-e, --env <name=value>', 'sets a variable; may be repeated', collect)
      .option('-w, --workdir <path>', 'directory the command starts in')
      .option('-u, --user <uid[:gid]>', 'numeric user and group inside the container')
      .option('-t, --tty', 'gives it a terminal')
      .option('-i, --interactive', 'passes standard input on')
      .argument('<container>', 'name or id')
      .argument('<command...>', 'command and arguments')
      .passThroughOptions()
      .action(async (reference: string, args: string[], options, command: Command) => {
        const { execInContainer } = await import('./container/exec.ts');
        // `exec NAME -- CMD` is typed as often as `exec NAME CMD`.
        await execInContainer(stateDirectoryOf(command), reference, { args: args[0] === '--' ? args.slice(1) : args, options });
      }),
    new Command('logs')
      .summary('shows what a container printed')
      .option('-f, --follow', 'goes on until it ends')
      .option('-n, --tail <lines>', 'shows the last lines only')
      .option('--timestamps', 'puts the time in front of each line')
      .argument('<container>', 'name or id')
      .action(async (reference: string, options, command: Command) => {
        const { showLogs } = await import('./container/show.ts');
        await showLogs(stateDirectoryOf(command), reference, options);
      }),
    new Command('inspect')
      .summary('shows everything known of containers, as JSON')
      .option('--json', 'JSON is what it prints in any case')
      .argument(...references)
      .action(async (names: string[], _options, command: Command) => {
        const { inspectContainers } = await import('./container/show.ts');
        await inspectContainers(stateDirectoryOf(command), names);
      }),
    new Command('stop')
      .summary('ends containers: SIGTERM, and SIGKILL when the time is over')
      .option('-t, --time <seconds>', 'time given to end by itself', '10')
      .argument(...references)
      .action(async (names: string[], options, command: Command) => {
        const { stopContainers } = await import('./container/change.ts');
        await stopContainers(stateDirectoryOf(command), names, options);
      }),
    new Command('update')
      .summary('changes limits of containers while they run')
      .option('--memory <size>', 'most memory it may hold: 256M; max for no limit')
      .option('--cpus <number>', 'most CPU time it may take: 0.5 is half a CPU; max for no limit')
      .option('--cpu-weight <number>', 'share of CPU time when there is not enough for all: 1 to 10000')
      .option('--pids <number>', 'most processes and threads it may have; max for no limit')
      .argument(...references)
      .action(async (names: string[], options, command: Command) => {
        const { updateContainers } = await import('./container/update.ts');
        await updateContainers(stateDirectoryOf(command), names, options);
      }),
    new Command('kill')
      .summary('sends a signal to the first process of containers')
      .option('-s, --signal <signal>', 'by name or number', 'KILL')
      .argument(...references)
      .action(async (names: string[], options, command: Command) => {
        const { killContainers } = await import('./container/change.ts');
        await killContainers(stateDirectoryOf(command), names, options);
      }),
    new Command('rm')
      .summary('removes containers that have ended')
      .option('-f, --force', 'ends them first')
      .argument(...references)
      .action(async (names: string[], options, command: Command) => {
        const { removeContainers } = await import('./container/change.ts');
        await removeContainers(stateDirectoryOf(command), names, options);
      }),
    new Command('stats')
      .summary('shows what running containers use, renewed each second')
      .option('--no-stream', 'shows it once')
      .option('--json', 'prints JSON')
      .argument('[container...]', 'names or ids; all by default')
      .action(async (names: string[], options, command: Command) => {
        const { showStats } = await import('./container/stats.ts');
        await showStats(stateDirectoryOf(command), names, options);
      }),
  ];
}

const shortForms = new Set(['run', 'ls', 'exec', 'logs', 'inspect', 'stop', 'update', 'kill', 'rm', 'start', 'stats']);

/** `container VERB`, and the verbs that people's hands expect at the top. */
export function addContainerCommands(program: Command): void {
  const container = new Command('container')
    .summary('containers: run, create, start, stop, update, kill, rm, ls, inspect, exec, logs, stats')
    .enablePositionalOptions();
  for (const command of containerCommands()) container.addCommand(command);
  program.addCommand(container);
  for (const command of containerCommands()) {
    if (!shortForms.has(command.name())) continue;
    if (command.name() === 'ls') command.name('ps');
    program.addCommand(command);
  }
}
