import {
  AT_FDCWD,
  type Call,
  CLOSE_RANGE_CLOEXEC,
  Content,
  calls,
  capabilityNames,
  errnoNumber,
  getrlimit,
  type ListAnswers,
  type ListFd,
  layouts,
  O_RDONLY,
  RLIMIT_NOFILE,
  S_IFREG,
  SIGPIPE,
  SIGXFSZ,
  SyscallError,
  type SyscallList,
  showOperands,
  TIOCSCTTY,
  X_OK,
} from '@bulkhead/kernel';
import type { ProcessPlan } from '../launcher/protocol.ts';
import { expectType } from './file-type.ts';
import { openOwnTerminal } from './terminal.ts';
import { channel } from './words.ts';

/** Standard streams that the launcher prepared; absent where the plan wants a terminal, which the child makes inside. */
export interface PreparedStreams {
  stdin: ListFd | undefined;
  stdout: ListFd;
  stderr: ListFd;
}

/** The soft limit programs expect; Node had raised its own to the hard one. */
const softOpenFiles = 1024n;
/** Signals that Node ignores, which execve(2) would pass on. */
const ignoredByNode = [SIGPIPE, SIGXFSZ];
/** What the kernel answers for want of CAP_SYS_RESOURCE, which a root in a container host may lack: a step that failed, and the start goes on. */
const withoutCapability = [errnoNumber('EPERM'), errnoNumber('EACCES')];
const [ENOENT, ENOTDIR, EACCES, EINVAL] = [errnoNumber('ENOENT'), errnoNumber('ENOTDIR'), errnoNumber('EACCES'), errnoNumber('EINVAL')];

/** What must be written to /proc/self before the ids change, for afterwards its files are root's, which this process is no more. */
export function writeOwnProc(list: SyscallList, oomScoreAdj: number): void {
  list.land(...calls.writeFileAt(list, '/proc/self/oom_score_adj', String(oomScoreAdj), { tolerate: withoutCapability }));
}

/** Ids inside the user namespace: root first, so that mounts are made by it. */
export function becomeNamespaceRoot(list: SyscallList): void {
  calls.setresgid(list, 0);
  calls.setgroups(list, []);
  calls.setresuid(list, 0);
}

/** Where execvp(3) would look for the program of a plan. */
function candidatesFor(plan: ProcessPlan): string[] {
  const [command] = plan.args as [string];
  if (command.includes('/')) return [command];
  const path =
    plan.env.find((entry) => entry.startsWith('PATH='))?.slice(5) ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  return path.split(':').map((directory) => `${directory || '.'}/${command}`);
}

/** A program as a list finds it. */
interface FoundProgram {
  /** Its path. */
  path: Content;
  /** Its path as a text, once the list has found it. */
  name(answers: ListAnswers): string;
}

/** Finds the program as execvp(3) would, so that a missing command is told before anything was started. */
function findProgram(list: SyscallList, plan: ProcessPlan): FoundProgram {
  const [command] = plan.args as [string];
  const program = list.room(8);
  const found = list.room(layouts.statx.size);
  const tries = candidatesFor(plan).map((path) => {
    const tolerate = [ENOENT, ENOTDIR, EACCES];
    const look = calls.statx(list, AT_FDCWD, path, { flags: 0, into: found, tolerate });
    const isFile = expectType(list, found, S_IFREG, { tolerate: [EINVAL] });
    const mayRun = calls.faccessat(list, AT_FDCWD, path, X_OK, { tolerate });
    const taken = list.set(program, list.text(path));
    const done = list.jump();
    list.land(look, isFile, mayRun);
    return { path, look, isFile, mayRun, taken, done };
  });
  const isRefused = ({ answer }: ListAnswers): boolean =>
    tries.some((one) => answer(one.look) === -EACCES || answer(one.isFile) === -EINVAL || answer(one.mayRun) === -EACCES);
  // None was taken: the word is still 0.
  list.compare(program, -1, 1, ENOENT, {
    failure: (_, answers) => new SyscallError('execve', isRefused(answers) ? EACCES : ENOENT, JSON.stringify(command)),
  });
  list.land(...tries.map(({ done }) => done));
  return {
    path: new Content(program, command),
    name: ({ wasMade }) => tries.find(({ taken }) => wasMade(taken))?.path ?? command,
  };
}

/** Streams and session of the program. */
function arrangeStreams(list: SyscallList, streams: PreparedStreams | { peer: Call }): void {
  calls.setsid(list);
  calls.umask(list, 0o022);
  if ('peer' in streams) {
    calls.ioctl(list, streams.peer, TIOCSCTTY, 0, 'TIOCSCTTY');
    for (const target of [0, 1, 2] as const) calls.dup3(list, streams.peer, target);
    return;
  }
  calls.dup3(list, streams.stdin ?? calls.openat(list, AT_FDCWD, '/dev/null', O_RDONLY), 0);
  calls.dup3(list, streams.stdout, 1);
  calls.dup3(list, streams.stderr, 2);
}

/** Leaves in the bounding set what a mask names (capabilities(7)). */
export function shrinkBoundingSet(list: SyscallList, mask: string): void {
  const keep = BigInt(`0x${mask}`);
  for (let capability = 0; capability < capabilityNames.length; capability += 1) {
    if ((keep & (1n << BigInt(capability))) === 0n) calls.dropFromBoundingSet(list, capability);
  }
}

/**
 * Gives up what the program shall not have beside what the bounding set keeps from it already: the other sets shrink to
 * the plan's capabilities, ids become the user's, and no_new_privs is set.
 */
function dropPrivileges(list: SyscallList, plan: ProcessPlan): void {
  const keep = BigInt(`0x${plan.capabilities}`);
  calls.clearAmbientSet(list);
  if (plan.gid !== 0) {
    calls.setresgid(list, plan.gid);
    calls.setgroups(list, [plan.gid]);
  }
  if (plan.uid !== 0) calls.setresuid(list, plan.uid);
  else calls.capset(list, { effective: keep, permitted: keep, inheritable: 0n });
  calls.setNoNewPrivileges(list);
}

/** Everything Node changed is put back to what a program expects. */
function restoreDefaults(list: SyscallList): void {
  calls.close_range(list, 3, 0x7fffffff, CLOSE_RANGE_CLOEXEC);
  const { hard } = getrlimit(RLIMIT_NOFILE);
  calls.setrlimit(list, RLIMIT_NOFILE, { soft: hard < softOpenFiles ? hard : softOpenFiles, hard });
  // CLONE_CLEAR_SIGHAND resets handlers, not what was ignored.
  for (const signal of ignoredByNode) calls.resetSignal(list, signal);
}

/**
 * The last part of every child, container or exec: all is made ready, and on the launcher's word, or at once, the program
 * takes over.
 *
 * @param atOnce spares the word, and saying that it is ready: the end of the channel says that
 * @returns the last call before execve(2): once it was made, the program is as good as started
 */
export function startWhenTold(list: SyscallList, plan: ProcessPlan, prepared: PreparedStreams | undefined, atOnce: boolean): Call {
  // A relative path begins at the working directory.
  calls.chdir(list, plan.cwd);
  const program = findProgram(list, plan);
  const terminal = prepared === undefined ? openOwnTerminal(list, plan) : undefined;
  arrangeStreams(list, terminal ?? (prepared as PreparedStreams));
  dropPrivileges(list, plan);
  restoreDefaults(list);
  const word = list.text('ready');
  if (terminal !== undefined) calls.sendDescriptor(list, channel, word, 5, terminal.master);
  else if (!atOnce) calls.send(list, channel, word, 5);
  if (!atOnce) calls.receive(list, channel, list.room(8), 8);
  // Nobody would know of a program that began without its launcher.
  else calls.expectOpen(list, channel);
  const last = calls.clearSignalMask(list);
  calls.execve(list, program.path, list.vector(plan.args), list.vector(plan.env), {
    failure: (errno, answers) => new SyscallError('execve', errno, showOperands([program.name(answers), ...plan.args])),
  });
  return last;
}
