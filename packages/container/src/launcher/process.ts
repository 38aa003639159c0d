import { duplicate, F_SETFL, type Fd, fcntl, O_NONBLOCK, O_RDWR, pidfdExitStatus, statFd } from '@bulkhead/kernel';
import type { ExitStatus } from '@bulkhead/model';
import type { Child } from './child.ts';
import type { Output } from './output.ts';

/** A process's name at the launcher: a container's first one by its id, a further one by `<id>/<execId>`. */
export const processKey = (name: { id: string; execId?: string | undefined }): string =>
  name.execId === undefined ? name.id : `${name.id}/${name.execId}`;

/** /dev/ptmx of any devpts (admin-guide/devices.txt) */
const ptmx = { major: 5, minor: 2 };

/** A process that the launcher holds: its pidfd, its streams, its end. */
export class LaunchedProcess implements Disposable {
  readonly id: string;
  readonly execId: string | undefined;
  readonly output: Output;
  /** False for one that another launcher forked: init reaps it, and its status is asked of the kernel. */
  readonly ownChild: boolean;
  pid: number;
  pidfd: Fd;
  /** Socket to the child, until it has become its program. */
  report: Fd | undefined;
  /** What the launcher sees of it as long. Absent after an execve of the launcher too. */
  child: Child | undefined;
  /** Takes what the child has said on it so far. */
  readReport: (() => void) | undefined;
  stdin: Fd | undefined;
  terminal: Fd | undefined;
  state: 'created' | 'running' | 'exited';
  /** Forgotten once its end is recorded and told. */
  forgetAtEnd = false;
  exitStatus: ExitStatus | undefined;
  /** Sequence number of the `start` that waits for its answer. */
  starting: number | undefined;

  constructor(given: {
    id: string;
    execId: string | undefined;
    pid: number;
    pidfd: Fd;
    output: Output;
    ownChild: boolean;
    state: 'created' | 'running' | 'exited';
  }) {
    this.id = given.id;
    this.execId = given.execId;
    this.pid = given.pid;
    this.pidfd = given.pidfd;
    this.output = given.output;
    this.ownChild = given.ownChild;
    this.state = given.state;
  }

  /** Takes a terminal's master from a child, which is not trusted: anything else than a master is refused. */
  takeTerminal(master: Fd): void {
    const found = statFd(master);
    if (!found.characterDevice || found.major !== ptmx.major || found.minor !== ptmx.minor) {
      master[Symbol.dispose]();
      throw new Error('the child sent a descriptor that is no terminal');
    }
    fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK);
    this.terminal = master;
    this.output.drain('stdout', duplicate(master));
  }

  /** The status of a process that is not our child, where the kernel still tells; never a guess. */
  statusOfStranger(): ExitStatus {
    return (
      pidfdExitStatus(this.pidfd) ?? { kind: 'unknown', reason: 'the launcher that had started it was gone, and this kernel does not tell' }
    );
  }

  /** It became its program, or never will. */
  endReport(): void {
    this.report?.[Symbol.dispose]();
    this.report = undefined;
    this.child?.slot[Symbol.dispose]();
    this.child = undefined;
  }

  [Symbol.dispose](): void {
    this.endReport();
    for (const fd of [this.pidfd, this.stdin, this.terminal]) fd?.[Symbol.dispose]();
    this.output[Symbol.dispose]();
  }
}
