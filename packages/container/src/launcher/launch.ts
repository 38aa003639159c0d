import { AT_EMPTY_PATH, type Call, type Fd, fchownat, headBytes, pipe2, Slot } from '@bulkhead/kernel';
import { compileAssignment, type ProgramList } from '../init/container.ts';
import { compileExec } from '../init/exec.ts';
import { given, wordOffsets } from '../init/words.ts';
import { sendDescriptors } from './channel.ts';
import { Child } from './child.ts';
import { Output } from './output.ts';
import { LaunchedProcess } from './process.ts';
import type { ContainerPlan, ExecPlan, OutputPlan, ProcessPlan } from './protocol.ts';
import { type Entry, endChild, forkSandbox, type SandboxPool, type WantedSandbox } from './sandbox.ts';

/** A process on its way: forked, not yet its program. */
export interface Launch {
  process: LaunchedProcess;
  child: Child;
  /** What it ends with. */
  program: ProgramList;
  /** The call that forks the process proper, where the child that was forked first only does that and ends. */
  fork: Call | undefined;
}

interface Owner {
  uid: number;
  gid: number;
}

/** Streams of a process as its launcher made them; absent for a terminal, which the child makes inside. */
interface Streams {
  stdin: Fd | undefined;
  stdout: Fd;
  stderr: Fd;
}

interface Prepared {
  output: Output;
  streams: Streams | undefined;
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

const descriptorsOf = (streams: Streams | undefined): Fd[] =>
  streams === undefined ? [] : [...(streams.stdin === undefined ? [] : [streams.stdin]), streams.stdout, streams.stderr];

/** What a prologue takes in a slot at most: one call for each descriptor that is kept, and a few. */
const prologueRoom = 8192;

/** What makes a container of a sandbox, in the launcher's terms. */
interface Wanted {
  sandbox: WantedSandbox;
  plan: ContainerPlan;
  entry: Entry;
  streams: Streams | undefined;
  start: boolean;
}

function assignmentOf(
  origin: number,
  wanted: Wanted,
  streams: Parameters<typeof compileAssignment>[2]['streams'],
  tasks: readonly (Fd | ReturnType<typeof given>)[],
): ProgramList {
  const unshareCgroup = wanted.entry.kind === 'tasks' && wanted.sandbox.layout.plan.namespaces.includes('cgroup');
  return compileAssignment(origin, wanted.plan, { tasks, unshareCgroup, streams, start: wanted.start });
}

/** Has a sandbox that waits go on as this container. @returns undefined where it has no room for what it would have to do */
function assign(child: Child, wanted: Wanted): ProgramList | undefined {
  const tasks = wanted.entry.kind === 'tasks' ? wanted.entry.files : [];
  const { streams } = wanted;
  const fds = [...tasks, ...descriptorsOf(streams)];
  const receivedAs = (fd: Fd) => given(fds.indexOf(fd), fd.label);
  const received = streams && {
    stdin: streams.stdin && receivedAs(streams.stdin),
    stdout: receivedAs(streams.stdout),
    stderr: receivedAs(streams.stderr),
  };
  const program = assignmentOf(child.slot.next, wanted, received, tasks.map(receivedAs));
  if (!child.slot.hasRoom(program.list.size)) return undefined;
  child.lay(program.list);
  child.slot.put(wordOffsets.assignment, child.slot.address + program.list.origin);
  sendDescriptors(child.channel, fds);
  return program;
}

/** Forks a sandbox that becomes this container without waiting for anything but its ids. */
function forkContainer(wanted: Wanted): { child: Child; program: ProgramList } {
  const { entry, streams, sandbox } = wanted;
  const tasks = entry.kind === 'tasks' ? entry.files : [];
  const program = assignmentOf(sandbox.layout.sandbox.end, wanted, streams, tasks);
  const slot = new Slot(program.list.end + prologueRoom);
  return { child: forkSandbox(slot, sandbox, program.list, { entry, kept: [...tasks, ...descriptorsOf(streams)] }), program };
}

/** Makes a container of a sandbox, one that waits or a new one. */
export function launchContainer(
  id: string,
  { output: outputPlan, ...asked }: Omit<Wanted, 'streams'> & { output: OutputPlan },
  pool: SandboxPool,
): Launch {
  using stack = new DisposableStack();
  using childEnds = new DisposableStack();
  const { sandbox: sandboxPlan, plan } = asked;
  const owner = { uid: sandboxPlan.ids.hostId + plan.process.uid, gid: sandboxPlan.ids.hostId + plan.process.gid };
  const { output, streams, stdinWriter } = prepareStreams(plan.process, outputPlan, owner, stack, childEnds);
  const wanted = { ...asked, streams };
  const waiting = asked.entry.kind === 'tasks' ? pool.take(sandboxPlan) : undefined;
  let made: { child: Child; program: ProgramList } | undefined;
  if (waiting !== undefined) {
    try {
      const program = assign(waiting, wanted);
      if (program !== undefined) made = { child: waiting, program };
    } finally {
      if (made === undefined) endChild(waiting);
    }
  }
  const { child, program } = made ?? forkContainer(wanted);
  stack.move();
  const process = new LaunchedProcess({
    id,
    execId: undefined,
    pid: child.pid,
    pidfd: child.pidfd,
    output,
    ownChild: true,
    state: 'created',
  });
  process.report = child.channel;
  process.child = child;
  process.stdin = stdinWriter;
  return { process, child, program, fork: undefined };
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
  const tasks = entry.kind === 'tasks' ? entry.files : [];
  const { fork, ...program } = compileExec(headBytes, plan, { tasks, target, streams });
  const child = Child.fork(new Slot(program.list.end + prologueRoom), [program.list], {
    flags: 0n,
    cgroup: entry.kind === 'into' ? entry.directory : undefined,
    kept: [target, ...tasks, ...descriptorsOf(streams)],
  });
  stack.move();
  const process = new LaunchedProcess({ ...name, pid: child.pid, pidfd: child.pidfd, output, ownChild: true, state: 'created' });
  process.report = child.channel;
  process.child = child;
  process.stdin = stdinWriter;
  return { process, child, program, fork };
}
