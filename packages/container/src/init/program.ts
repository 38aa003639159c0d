import { accessSync, constants, statSync } from 'node:fs';
import {
  AT_FDCWD,
  CLOSE_RANGE_CLOEXEC,
  capabilityNames,
  capset,
  chdir,
  clearAmbientSet,
  clearSignalMask,
  close_range,
  dropFromBoundingSet,
  dupOnto,
  execve,
  type Fd,
  getrlimit,
  hasErrno,
  ioctlNumber,
  O_RDONLY,
  openat,
  RLIMIT_NOFILE,
  resetSignal,
  SIGPIPE,
  SIGXFSZ,
  SyscallError,
  setgroups,
  setNoNewPrivileges,
  setresgid,
  setresuid,
  setrlimit,
  setsid,
  TIOCSCTTY,
  umask,
  writeFileAt,
} from '@bulkhead/kernel';
import { receiveWord, send } from '../launcher/channel.ts';
import type { ProcessPlan } from '../launcher/protocol.ts';
import type { ChildContext } from './fork.ts';
import { openOwnTerminal } from './terminal.ts';

/** Standard streams that the launcher prepared; absent where the plan wants a terminal, which the child makes inside. */
export interface PreparedStreams {
  stdin: Fd | undefined;
  stdout: Fd;
  stderr: Fd;
}

/** Standard streams of a process about to be executed. */
type Streams = { kind: 'terminal'; peer: Fd } | ({ kind: 'pipes' } & PreparedStreams);

/** The soft limit programs expect; Node had raised its own to the hard one. */
const softOpenFiles = 1024n;
/** Signals that Node ignores, which execve(2) would pass on. */
const ignoredByNode = [SIGPIPE, SIGXFSZ];

/** Whether the kernel refused for want of CAP_SYS_RESOURCE, which a root in a container host may lack: reported as a step, and the start goes on. */
function tolerateMissingCapability(action: () => void): void {
  try {
    action();
  } catch (failure) {
    if (!hasErrno(failure, 'EPERM', 'EACCES')) throw failure;
  }
}

/** What must be written to /proc/self before the ids change, for afterwards the process is not dumpable and its files are root's. */
export function writeOwnProc(oomScoreAdj: number): void {
  tolerateMissingCapability(() => writeFileAt(AT_FDCWD, '/proc/self/oom_score_adj', String(oomScoreAdj)));
}

/** Ids inside the user namespace: root first, so that mounts are made by it. */
export function becomeNamespaceRoot(): void {
  setresgid(0);
  setgroups([]);
  setresuid(0);
}

/** Finds the program as execvp(3) would, so that a missing command is told before anything was started. */
export function findProgram(plan: ProcessPlan): string {
  const [command] = plan.args as [string];
  const path =
    plan.env.find((entry) => entry.startsWith('PATH='))?.slice(5) ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const candidates = command.includes('/') ? [command] : path.split(':').map((directory) => `${directory || '.'}/${command}`);
  let refused: string | undefined;
  for (const candidate of candidates) {
    try {
      if (!statSync(candidate).isFile()) {
        refused ??= 'EACCES';
        continue;
      }
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch (failure) {
      if (hasErrno(failure, 'EACCES')) refused ??= 'EACCES';
      else if (!hasErrno(failure, 'ENOENT', 'ENOTDIR')) throw failure;
    }
  }
  throw new SyscallError('execve', refused === undefined ? 2 : 13, JSON.stringify(command));
}

/** Streams and session of the program. */
function arrangeStreams(streams: Streams): void {
  setsid();
  umask(0o022);
  if (streams.kind === 'terminal') {
    ioctlNumber(streams.peer, TIOCSCTTY, 0, 'TIOCSCTTY');
    for (const target of [0, 1, 2] as const) dupOnto(streams.peer, target);
    return;
  }
  using empty = streams.stdin === undefined ? openat(AT_FDCWD, '/dev/null', O_RDONLY) : undefined;
  dupOnto(streams.stdin ?? (empty as Fd), 0);
  dupOnto(streams.stdout, 1);
  dupOnto(streams.stderr, 2);
}

/** Leaves in the bounding set what a mask names (capabilities(7)). */
export function shrinkBoundingSet(mask: string): void {
  const keep = BigInt(`0x${mask}`);
  for (let capability = 0; capability < capabilityNames.length; capability += 1) {
    if ((keep & (1n << BigInt(capability))) === 0n) dropFromBoundingSet(capability);
  }
}

/**
 * Gives up what the program shall not have beside what the bounding set keeps from it already: the other sets shrink to
 * the plan's capabilities, ids become the user's, and no_new_privs is set.
 */
function dropPrivileges(plan: ProcessPlan): void {
  const keep = BigInt(`0x${plan.capabilities}`);
  clearAmbientSet();
  if (plan.gid !== 0) {
    setresgid(plan.gid);
    setgroups([plan.gid]);
  }
  if (plan.uid !== 0) setresuid(plan.uid);
  else capset({ effective: keep, permitted: keep, inheritable: 0n });
  setNoNewPrivileges();
}

/** Everything Node changed is put back to what a program expects, then it is executed. */
function becomeProgram(path: string, plan: ProcessPlan): never {
  close_range(3, 0x7fffffff, CLOSE_RANGE_CLOEXEC);
  const { hard } = getrlimit(RLIMIT_NOFILE);
  setrlimit(RLIMIT_NOFILE, { soft: hard < softOpenFiles ? hard : softOpenFiles, hard });
  // CLONE_CLEAR_SIGHAND resets handlers, not what was ignored.
  for (const signal of ignoredByNode) resetSignal(signal);
  clearSignalMask();
  execve(path, plan.args, plan.env);
}

/**
 * The last part of every child, container or exec: all is made ready, the launcher is told, and on its word, or at once
 * where it was said before, the program takes over.
 */
export function startWhenTold(child: ChildContext, plan: ProcessPlan, prepared: PreparedStreams | undefined, atOnce = false): never {
  // A relative path begins at the working directory.
  chdir(plan.cwd);
  const program = findProgram(plan);
  let streams: Streams;
  const terminal = prepared === undefined ? openOwnTerminal(plan) : undefined;
  if (terminal !== undefined) streams = { kind: 'terminal', peer: terminal.peer };
  else streams = { kind: 'pipes', ...(prepared as PreparedStreams) };
  arrangeStreams(streams);
  dropPrivileges(plan);
  send(
    child.report,
    { type: 'ready', steps: child.steps(), terminal: terminal !== undefined },
    terminal === undefined ? [] : [terminal.master],
  );
  if (!atOnce) receiveWord(child.report, 'start');
  becomeProgram(program, plan);
}
