import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { detectCgroups } from '@bulkhead/cgroup';
import { createContainerRuntime, noFailPoint } from '@bulkhead/container';
import { Problem, ServiceConfig } from '@bulkhead/model';
import { readBootId } from '@bulkhead/namespace';
import { startAgent } from './agent.ts';
import { readConfigFile } from './env.ts';
import { shippedLauncher } from './host/shipped-launcher.ts';
import { createLog, explain } from './log.ts';

/** Less than the supervisor waits before it kills. */
const stopWithinMsec = 8000;

const log = createLog();

function fail(failure: unknown): never {
  const remedy = failure instanceof Problem && failure.remedy !== undefined ? { remedy: failure.remedy } : {};
  const stack = failure instanceof Problem || !(failure instanceof Error) ? {} : { stack: failure.stack };
  log.fatal({ error: explain(failure), ...remedy, ...stack }, 'the agent cannot go on');
  process.exit(1);
}

/** @throws Problem 'invalid', naming the file */
function readConfig(): ServiceConfig {
  const file = readConfigFile();
  try {
    return ServiceConfig.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (failure) {
    throw new Problem('invalid', `${file} is no configuration of a service`, { remedy: '`./bulkhead up` writes it anew', cause: failure });
  }
}

process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);
try {
  if (process.geteuid?.() !== 0) {
    process.stderr.write('the agent needs root: it makes namespaces, mounts and control groups; start it with `sudo ./bulkhead up`\n');
    process.exit(1);
  }
  const config = readConfig();
  const launcher = shippedLauncher(import.meta.dirname);
  const agent = await startAgent({
    config,
    // Bundled or not, this file lies three levels down.
    programDirectory: join(import.meta.dirname, '../../..'),
    ...(launcher === undefined ? {} : { launcher }),
    bootId: readBootId(),
    cgroups: detectCgroups(config.delegatedCgroup),
    createRuntime: (options) => createContainerRuntime({ ...options, failPoint: noFailPoint }),
    log,
  });
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      // Where the disk takes nothing there is no end to wait for; what waits is still in the kernel's counters.
      setTimeout(() => fail(new Error(`not stopped within ${stopWithinMsec} ms`)), stopWithinMsec).unref();
      agent[Symbol.asyncDispose]().then(() => {
        log.info('agent stopped; containers go on');
        process.exit(0);
      }, fail);
    });
} catch (failure) {
  fail(failure);
}
