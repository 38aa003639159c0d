import { Command, CommanderError } from 'commander';
import { addInvoiceCommands } from './command/billing/invoice-commands.ts';
import { addCreditCommands, addPlanCommands } from './command/billing/plan-commands.ts';
import { addCgroupCommands } from './command/cgroup-commands.ts';
import { addContainerCommands } from './command/container-commands.ts';
import { addDemoCommand } from './command/demo/demo-command.ts';
import { addHostCommands } from './command/host-commands.ts';
import { addLabCommands } from './command/lab-commands.ts';
import { addNamespaceCommands } from './command/namespace-commands.ts';
import { addTenantCommands } from './command/tenant-commands.ts';
import { addUserCommands } from './command/user-commands.ts';
import { ExitRequest, reportFailure } from './failure.ts';
import { print, printError } from './output/print.ts';
import { version } from './version.ts';

/** Every command with its help. What a command does is loaded when it is called. */
export function createProgram(): Command {
  const program = new Command('bulkhead')
    .usage('COMMAND [OPTIONS]')
    .description('Runs Linux containers straight on the kernel, shows what they use, and adds it up per tenant.')
    .version(version, '--version', 'prints the version')
    .helpOption('-h, --help', 'shows help')
    .option('--state-dir <directory>', 'which instance is meant, by its state directory (/var/lib/bulkhead, or BULKHEAD_STATE_DIR)')
    .enablePositionalOptions();
  addHostCommands(program);
  addDemoCommand(program);
  addUserCommands(program);
  addTenantCommands(program);
  addContainerCommands(program);
  addNamespaceCommands(program);
  addCgroupCommands(program);
  addLabCommands(program);
  addPlanCommands(program);
  addCreditCommands(program);
  addInvoiceCommands(program);
  program.addHelpText(
    'after',
    '\nFor developers:\n  test [TIER...]  check  bench [NAME]  build\n\nExit codes: 0 done, 1 failed, 2 wrong usage; run and exec pass on those of the command.',
  );
  for (const command of allCommands(program)) {
    command.exitOverride().configureOutput({ writeOut: print, writeErr: printError, outputError: () => {} });
    command.showSuggestionAfterError(true);
    // Every command takes it, wherever in the line people put it.
    if (command !== program) command.option('--state-dir <directory>', 'which instance is meant, by its state directory');
  }
  return program;
}

function allCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

function explain(failure: CommanderError): string {
  const message = failure.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
  return failure.code === 'commander.missingArgument' && message.includes("'command'")
    ? 'a command is needed, after --: run --name hello -- echo hello'
    : message;
}

async function parse(argv: readonly string[]): Promise<void> {
  const program = createProgram();
  if (argv.length === 0) {
    printError(program.helpInformation());
    throw new ExitRequest(2);
  }
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (failure) {
    if (!(failure instanceof CommanderError)) throw failure;
    // Help and version are no failures; a command group without a verb shows its help as one.
    if (failure.exitCode === 0) return;
    if (failure.code === 'commander.help') throw new ExitRequest(2);
    printError(`bulkhead: ${explain(failure)}\n  ./bulkhead --help tells what there is\n`);
    throw new ExitRequest(2);
  }
}

/** Runs one command line, tells what went wrong, and gives the exit code. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  try {
    await parse(argv);
    return 0;
  } catch (failure) {
    return reportFailure(failure);
  }
}
