import { expectAtLeast, expectAtMost, expectWithin } from '../arithmetic.ts';
import type { Experiment } from './experiment.ts';

const limitTasks = 20;
/** Doubles itself five times and no more, each time after a moment: 63 shells and as many sleeps at most, were there no limit. */
const bomb = `
b() {
  sleep 0.3
  if [ "$1" -gt 0 ]; then b $(($1-1)) & b $(($1-1)) & wait
  else sleep 60; fi
}
b 5
sleep 60`;

/** A fork bomb in a group that may have 20 tasks, and a program beside it that can still be started. */
export const runPids: Experiment = async (session) => {
  const { control } = session;
  const held = await session.create('bomb', ['sh', '-c', bomb.trim()]);
  const witness = await session.create('witness', ['true']);
  // Where the limit is and where the processes are is one group, for who counts a refusal depends on the kernel
  // (kernel/cgroup/pids.c: the group that forks, until Linux 6.11 and on version 1; then the group whose limit it is).
  session.set(held.inner, 'pids.max', String(limitTasks));
  await session.start(held);
  session.phase('forking');
  let most = 0;
  const refused = () => control.refusedForksOf(held.inner);
  const measure = () => {
    const { pidsCurrent } = session.read(held).reading;
    const tasks = pidsCurrent === undefined ? undefined : Number(pidsCurrent);
    most = Math.max(most, tasks ?? 0);
    return { tasks, limit: limitTasks, refused: refused() };
  };
  await session.sample((session.seconds * 1000) / 2, measure);
  await session.start(witness);
  const outside = await session.ended(witness);
  await session.sample((session.seconds * 1000) / 2, measure);
  return [
    expectAtMost({
      key: 'most-tasks',
      unit: 'count',
      expected: limitTasks,
      measured: most === 0 ? undefined : Math.max(most, control.mostTasksOf(held.inner) ?? 0),
    }),
    expectAtLeast({ key: 'refused-forks', unit: 'count', expected: 1, measured: refused() }),
    expectWithin({
      key: 'witness',
      unit: 'exitCode',
      expected: 0,
      tolerance: 0,
      measured: outside?.kind === 'exited' ? outside.code : undefined,
    }),
  ];
};
