import { AT_EMPTY_PATH, F_SETFL, type Fd, fchownat, fcntl, O_NONBLOCK, O_RDWR, pipe2, SOCK_SEQPACKET, socketpair } from '@bulkhead/kernel';
import type { Entry } from '../init/container.ts';
import { runExec } from '../init/exec.ts';
import { forkChild } from '../init/fork.ts';
import type { PreparedStreams } from '../init/program.ts';
import { sendAssignment } from './channel.ts';
import { Output } from './output.ts';
import { LaunchedProcess } from './process.ts';
import type { ContainerPlan, ExecPlan, OutputPlan, ProcessPlan, SandboxPlan } from './protocol.ts';
import { endSandbox, forkSandbox, type SandboxPool } from './sandbox.ts';

/** A process on its way: forked, not yet ready. */
export interface Launch {
  process: LaunchedProcess;
  /** Pid of a first child that only forks the second and ends. */
  helperPid: number | undefined;
}

interface Owner {
  uid: number;
  gid: number;
}

interface Prepared {
  output: Output;
  /** Absent for a terminal, which the child makes inside. */
  streams: PreparedStreams | undefined;
  stdinWriter: Fd | undefined;
}

/** Makes the pipes of a process, owned by the user inside. */
function prepareStreams(
  plan: ProcessPlan,
  outputPlan: OutputPlan,
  owner: Owner,
  stack: DisposableStack,
  childEnds: DisposableStack,
): Prepared {
  const output = stack.use(new Output(outputPlan));
  if (plan.terminal) return { output, streams: undefined, stdinWriter: undefined };
  const { stdout, stderr } = output.makePipes(owner);
  childEnds.use(stdout);
  childEnds.use(stderr);
  output.drainPipes();
  if (!plan.stdin) return { output, streams: { stdin: undefined, stdout, stderr }, stdinWriter: undefined };
  const pipe = pipe2('stdin');
  childEnds.use(pipe.reader);
  stack.use(pipe.writer);
  fchownat(pipe.reader, '', owner.uid, owner.gid, AT_EMPTY_PATH);
  return { output, streams: { stdin: pipe.reader, stdout, stderr }, stdinWriter: pipe.writer };
}

/** Makes a container of a sandbox, one that waits or a new one. */
export function launchContainer(
  id: string,
  sandboxPlan: SandboxPlan,
  plan: ContainerPlan,
  outputPlan: OutputPlan,
  entry: Entry,
  pool: SandboxPool,
  start: boolean,
): Launch {
  using stack = new DisposableStack();
  using childEnds = new DisposableStack();
  const owner = { uid: sandboxPlan.ids.hostId + plan.process.uid, gid: sandboxPlan.ids.hostId + plan.process.gid };
  const { output, streams, stdinWriter } = prepareStreams(plan.process, outputPlan, owner, stack, childEnds);
  const sandbox = (entry.kind === 'tasks' ? pool.take(sandboxPlan) : undefined) ?? forkSandbox(sandboxPlan, entry);
  try {
    const tasks = entry.kind === 'tasks' ? entry.files : [];
    const inherited =
      streams === undefined ? [] : [...(streams.stdin === undefined ? [] : [streams.stdin]), streams.stdout, streams.stderr];
    sendAssignment(sandbox.report, { plan, tasks: tasks.length, stdin: streams?.stdin !== undefined, start }, [...tasks, ...inherited]);
  } catch (failure) {
    endSandbox(sandbox);
    throw failure;
  }
  stack.move();
  const process = new LaunchedProcess({
    id,
    execId: undefined,
    pid: sandbox.pid,
    pidfd: sandbox.pidfd,
    output,
    ownChild: true,
    state: 'created',
  });
  process.report = sandbox.report;
  process.stdin = stdinWriter;
  return { process, helperPid: undefined };
}

/** Forks a further process into the namespaces of a container's first one. */
export function launchExec(
  name: { id: string; execId: string },
  plan: ExecPlan,
  outputPlan: OutputPlan,
  entry: Entry,
  target: Fd,
  owner: Owner,
): Launch {
  using stack = new DisposableStack();
  using childEnds = new DisposableStack();
  const { output, streams, stdinWriter } = prepareStreams(plan.process, outputPlan, owner, stack, childEnds);
  const [mine, theirs] = socketpair(SOCK_SEQPACKET, 'report');
  stack.use(mine);
  childEnds.use(theirs);
  fcntl(mine, F_SETFL, O_RDWR | O_NONBLOCK);
  const inherited = [
    target,
    ...(entry.kind === 'tasks' ? entry.files : []),
    ...(streams === undefined ? [] : [streams.stdin, streams.stdout, streams.stderr].filter((fd) => fd !== undefined)),
  ];
  const { pid, pidfd } = forkChild(0n, entry.kind === 'into' ? entry.directory : undefined, theirs, inherited, (child) =>
    runExec(child, plan, target, entry, streams),
  );
  stack.move();
  const process = new LaunchedProcess({ ...name, pid, pidfd, output, ownChild: true, state: 'created' });
  process.report = mine;
  process.stdin = stdinWriter;
  return { process, helperPid: pid };
}
