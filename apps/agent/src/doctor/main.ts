import { join } from 'node:path';
import { instancePaths } from '@bulkhead/model';
import { z } from 'zod';
import { examine } from './doctor.ts';

/*
 * The doctor by itself: started by `./bulkhead doctor` where no agent answers, before the first `up` too. One JSON text
 * as its argument, one on its standard output.
 */
const Question = z.object({
  stateDirectory: z.string(),
  /** Absent where there is no instance yet, or it is closed to whoever asks. */
  instance: z.string().optional(),
  listen: z.object({ address: z.string(), port: z.number() }),
  version: z.string(),
});

const { stateDirectory, instance, listen, version } = Question.parse(JSON.parse(process.argv[2] ?? '{}'));
const report = examine({
  stateDirectory,
  ...(instance === undefined ? {} : { paths: instancePaths(stateDirectory, instance) }),
  listen,
  version,
  // The bundle lies in apps/agent/dist.
  programDirectory: join(import.meta.dirname, '../../..'),
});
process.stdout.write(`${JSON.stringify(report)}\n`);
