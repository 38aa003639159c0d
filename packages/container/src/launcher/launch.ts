import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  F_SETFL,
  type Fd,
  fchownat,
  fcntl,
  O_NONBLOCK,
  O_RDWR,
  pipe2,
  SOCK_SEQPACKET,
  socketpair,
  WEXITED,
  waitPid,
  writeFileAt,
} from '@bulkhead/kernel';
import { cloneFlags, type Entry, runContainer } from '../init/container.ts';
import { runExec } from '../init/exec.ts';
import { type ChildContext, forkChild } from '../init/fork.ts';
import type { PreparedStreams } from '../init/program.ts';
import { sendWord } from './channel.ts';
import { Output } from './output.ts';
import { LaunchedProcess } from './process.ts';
import type { ContainerPlan, ExecPlan, OutputPlan, ProcessPlan } from './protocol.ts';

/** A process on its way: forked, not yet ready. */
export interface Launch {
  process: LaunchedProcess;
  /** Pid of a first child that only forks the second and ends. */
  helperPid: number | undefined;
}

interface Prepared {
  output: Output;
  streams: PreparedStreams | undefined;
  stdinWriter: Fd | undefined;
}

/** Makes the pipes of a process, owned by the user inside; a terminal is made by the child. */
function prepare(
  plan: ProcessPlan,
  outputPlan: OutputPlan,
  owner: { uid: number; gid: number },
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

function launch(
  name: { id: string; execId: string | undefined },
  plan: ProcessPlan,
  outputPlan: OutputPlan,
  owner: { uid: number; gid: number },
  fork: (report: Fd, prepared: Prepared) => { pid: number; pidfd: Fd },
): LaunchedProcess {
  using stack = new DisposableStack();
  using childEnds = new DisposableStack();
  const prepared = prepare(plan, outputPlan, owner, stack, childEnds);
  const [mine, theirs] = socketpair(SOCK_SEQPACKET, 'report');
  stack.use(mine);
  childEnds.use(theirs);
  fcntl(mine, F_SETFL, O_RDWR | O_NONBLOCK);
  const { pid, pidfd } = fork(theirs, prepared);
  stack.move();
  const process = new LaunchedProcess({ ...name, pid, pidfd, output: prepared.output, ownChild: true, state: 'created' });
  process.report = mine;
  process.stdin = prepared.stdinWriter;
  return process;
}

/** Forks the first process of a container, maps its ids and lets it go on. */
export function launchContainer(id: string, plan: ContainerPlan, output: OutputPlan, entry: Entry): Launch {
  const owner = { uid: plan.ids.hostId + plan.process.uid, gid: plan.ids.hostId + plan.process.gid };
  const process = launch({ id, execId: undefined }, plan.process, output, owner, (report, prepared) => {
    const body = (child: ChildContext): never => runContainer(child, plan, entry, prepared.streams);
    return forkChild(cloneFlags(plan.namespaces, entry.kind), entry.kind === 'into' ? entry.directory : undefined, report, body);
  });
  try {
    const map = `0 ${plan.ids.hostId} ${plan.ids.size}`;
    writeFileAt(AT_FDCWD, `/proc/${process.pid}/gid_map`, map);
    writeFileAt(AT_FDCWD, `/proc/${process.pid}/uid_map`, map);
  } catch (failure) {
    // The child sees the end of its channel and ends; the failure that matters is this one.
    process[Symbol.dispose]();
    waitPid(process.pid, WEXITED);
    throw failure;
  }
  // A child that has failed already says so itself over the same channel.
  sendWord(process.report as Fd, 'mapped');
  return { process, helperPid: undefined };
}

/** Forks a further process into the namespaces of a container's first one. */
export function launchExec(
  id: string,
  execId: string,
  plan: ExecPlan,
  output: OutputPlan,
  entry: Entry,
  target: Fd,
  owner: { uid: number; gid: number },
): Launch {
  const process = launch({ id, execId }, plan.process, output, owner, (report, prepared) => {
    const body = (child: ChildContext): never => runExec(child, plan, target, entry, prepared.streams);
    return forkChild(0n, entry.kind === 'into' ? entry.directory : undefined, report, body);
  });
  return { process, helperPid: process.pid };
}
