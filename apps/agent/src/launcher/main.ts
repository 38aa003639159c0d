import { checkKept, Launcher, readKept, readLauncherBuild, selfTest } from '@bulkhead/container/launcher';
import { setDumpable } from '@bulkhead/kernel';
import { instancePaths, Problem } from '@bulkhead/model';
import { ownEnvironment, readConfig } from './env.ts';

/*
 * The launcher: started by the supervisor, outlives the agent. No network, no secret. It forks, and its children walk
 * lists of syscalls: nothing that goes on in this process, whatever its thread, is met in one of them.
 */
const log = (line: object): void => {
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), service: 'launcher', ...line })}\n`);
};

function main(): void {
  const [flag, token] = process.argv.slice(2);
  if (process.getuid?.() !== 0) throw new Problem('forbidden', 'the launcher needs root');
  // Its children are so from birth: nobody inside may trace one, or open its executable, while it is the launcher's still.
  setDumpable(false);
  const config = readConfig();
  const paths = instancePaths(config.stateDirectory, config.instance);
  if (flag === '--rehearse') {
    // Started by the launcher that this program is to replace: over a copy of what it would be left, touching nothing.
    selfTest();
    checkKept(readKept(Number(token)));
    process.exit(0);
  }
  const launcher = new Launcher({
    program: config.version,
    build: readLauncherBuild(import.meta.dirname, process.execArgv),
    socketPath: paths.launcherSocket,
    environment: ownEnvironment(),
    log,
  });
  // Ended by `shutdown` or SIGKILL: a signal to the group of a terminal must not take the containers with it.
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const)
    process.on(signal, () => log({ level: 'info', message: `${signal} ignored: the launcher holds containers` }));
  if (flag === '--resume') {
    launcher.resume(readKept(Number(token)));
    log({ level: 'info', message: 'resumed' });
    return;
  }
  selfTest();
  launcher.open();
  log({ level: 'info', message: 'ready' });
}

try {
  main();
} catch (failure) {
  const remedy = failure instanceof Problem && failure.remedy !== undefined ? ` (${failure.remedy})` : '';
  log({ level: 'fatal', message: `${failure instanceof Error ? failure.message : String(failure)}${remedy}` });
  process.exit(1);
}
