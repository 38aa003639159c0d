/**
 * Entry of the command line. What people wait for most often (`ps`) is in this one file and takes a path of its own past
 * the option parser; everything else is the other program, with its own way of telling failures.
 */
import { listContainers } from './command/container/list.ts';
import { readFastList } from './command/fast-list.ts';
import { readEnvironment } from './env.ts';
import { reportFailure } from './failure.ts';
import { chooseStateDirectory } from './instance/locate.ts';

async function run(argv: readonly string[]): Promise<number> {
  const fast = readFastList(argv);
  if (fast === undefined) {
    const { runProgram } = await import('./program.ts');
    return runProgram(argv);
  }
  try {
    await listContainers(chooseStateDirectory(fast.stateDir, readEnvironment().stateDirectory), fast);
    return 0;
  } catch (failure) {
    return reportFailure(failure);
  }
}

process.exit(await run(process.argv.slice(2)));
