/** Entry of the command line. What people wait for most often (`ps`) takes a path of its own past the option parser. */
import { readFastList } from './command/fast-list.ts';

async function run(argv: readonly string[]): Promise<void> {
  const fast = readFastList(argv);
  if (fast !== undefined) {
    const [{ listContainers }, { readEnvironment }, { chooseStateDirectory }] = await Promise.all([
      import('./command/container/list.ts'),
      import('./env.ts'),
      import('./instance/locate.ts'),
    ]);
    await listContainers(chooseStateDirectory(fast.stateDir, readEnvironment().stateDirectory), fast);
    return;
  }
  const { runProgram } = await import('./program.ts');
  await runProgram(argv);
}

run(process.argv.slice(2)).then(
  () => {},
  async (failure: unknown) => {
    const { reportFailure } = await import('./failure.ts');
    process.exit(reportFailure(failure));
  },
);
