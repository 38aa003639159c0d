import { AF_UNIX, connectUnix, F_SETFL, type Fd, fcntl, O_NONBLOCK, O_RDWR, poll, SOCK_SEQPACKET, socket } from '@bulkhead/kernel';
import { type ExitStatus, Problem } from '@bulkhead/model';
import { receive, send } from './channel.ts';
import { decodeSteps, protocolVersion, Reply, type Request, type SandboxLayout, type SandboxPlan, type Step } from './protocol.ts';

type ReplyOf<T extends Reply['type']> = Extract<Reply, { type: T }>;
type Asked = Request extends infer R ? (R extends Request ? Omit<R, 'seq'> : never) : never;

/** A launch that failed in the launcher or in the child: which call, why, and the steps up to it. */
export class LaunchError extends Error {
  readonly syscall: string | undefined;
  readonly code: string | undefined;
  readonly steps: Step[];
  constructor(failed: ReplyOf<'failed'>) {
    super(failed.message);
    this.name = 'LaunchError';
    this.syscall = failed.syscall;
    this.code = failed.code;
    this.steps = decodeSteps(failed.steps);
  }
}

export interface LauncherExit {
  id: string;
  execId: string | undefined;
  pid: number;
  exitStatus: ExitStatus;
  droppedBytes: number;
}

/** Longest time one answer of the launcher may take. */
const answerTimeoutMsec = 30_000;

/** The agent's end of the launcher's socket. */
export class LauncherClient implements Disposable {
  readonly #socket: Fd;
  #seq = 0;
  readonly #waiting = new Map<
    number,
    { resolve(item: { message: Reply; fds: Fd[] }): void; reject(failure: Error): void; timer: NodeJS.Timeout }
  >();
  /** Layouts that the launcher was told of, by number. */
  readonly #layouts: SandboxLayout[] = [];
  readonly #onExit: (exit: LauncherExit) => void;
  readonly #onLost: () => void;
  #lost = false;

  private constructor(connected: Fd, onExit: (exit: LauncherExit) => void, onLost: () => void) {
    this.#socket = connected;
    this.#onExit = onExit;
    this.#onLost = onLost;
    poll(connected, { readable: true, disconnect: true }, () => this.#take());
  }

  /**
   * Connects. The launcher is to be greeted next.
   *
   * @throws Problem 'unavailable' where no launcher serves
   */
  static open(path: string, onExit: (exit: LauncherExit) => void, onLost: () => void): LauncherClient {
    const connected = socket(AF_UNIX, SOCK_SEQPACKET);
    try {
      connectUnix(connected, path);
    } catch (failure) {
      connected[Symbol.dispose]();
      throw new Problem('unavailable', 'the launcher does not answer', {
        remedy: 'it is restarted by `./bulkhead up`; see `./bulkhead service logs launcher`',
        cause: failure,
      });
    }
    fcntl(connected, F_SETFL, O_RDWR | O_NONBLOCK);
    return new LauncherClient(connected, onExit, onLost);
  }

  /** @throws LaunchError where it speaks another protocol */
  async hello(): Promise<ReplyOf<'hello'>> {
    const { message } = await this.ask({ type: 'hello', version: protocolVersion }, 'hello');
    return message;
  }

  /** Has the launcher become another program. @throws LaunchError where it stays what it is, and goes on serving */
  async upgrade(program: string, interpreter: string[]): Promise<void> {
    await this.ask({ type: 'upgrade', program, interpreter }, 'done');
  }

  /** A sandbox in the words of the protocol: the launcher is told of its layout where it does not know it yet. */
  sandbox(layout: SandboxLayout, hostId: number, size: number): SandboxPlan {
    let number = this.#layouts.indexOf(layout);
    if (number === -1) {
      number = this.#layouts.push(layout) - 1;
      // What follows comes after it: nobody waits. Where it fails, what follows does.
      this.ask({ type: 'layout', number, layout }, 'done').catch(() => undefined);
    }
    return { layout: number, ids: { hostId, size } };
  }

  get lost(): boolean {
    return this.#lost;
  }

  #take(): void {
    try {
      while (!this.#socket.closed) {
        const item = receive(this.#socket, Reply);
        if (item === undefined) return;
        if (item === 'end') break;
        const { message, fds } = item;
        if (message.type === 'exited') {
          // After whoever waits for an answer that came before it: a beginning is told before its end.
          setImmediate(() => this.#onExit({ ...message, execId: message.execId }));
          continue;
        }
        const waiting = this.#waiting.get(message.seq);
        if (waiting === undefined) {
          for (const fd of fds) fd[Symbol.dispose]();
          continue;
        }
        this.#waiting.delete(message.seq);
        clearTimeout(waiting.timer);
        waiting.resolve({ message, fds });
      }
    } catch {
      // A connection that broke, or words that are not of the protocol: either way this connection is over.
    }
    this.#end();
  }

  #end(): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#socket[Symbol.dispose]();
    for (const waiting of this.#waiting.values()) {
      clearTimeout(waiting.timer);
      waiting.reject(new Problem('unavailable', 'the launcher went away before it answered', { remedy: 'try again: it is restarted' }));
    }
    this.#waiting.clear();
    this.#onLost();
  }

  /** Asks and waits for an answer of the type expected. @throws LaunchError where the launcher answers `failed` */
  async ask<T extends Reply['type']>(request: Asked, expected: T, fds: readonly Fd[] = []): Promise<{ message: ReplyOf<T>; fds: Fd[] }> {
    if (this.#lost) throw new Problem('unavailable', 'the launcher is not there', { remedy: 'try again: it is restarted' });
    this.#seq += 1;
    const seq = this.#seq;
    const answer = new Promise<{ message: Reply; fds: Fd[] }>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(seq);
        reject(new Problem('unavailable', `the launcher did not answer within ${answerTimeoutMsec / 1000} s`));
      }, answerTimeoutMsec);
      timer.unref();
      this.#waiting.set(seq, { resolve, reject, timer });
    });
    try {
      while (!send(this.#socket, { ...request, seq }, fds)) await new Promise((resolve) => setTimeout(resolve, 2));
    } catch {
      this.#end();
    }
    const item = await answer;
    if (item.message.type === 'failed') throw new LaunchError(item.message);
    if (item.message.type !== expected) throw new Error(`received "${item.message.type}" from the launcher, expected "${expected}"`);
    return item as { message: ReplyOf<T>; fds: Fd[] };
  }

  [Symbol.dispose](): void {
    this.#lost = true;
    this.#socket[Symbol.dispose]();
    for (const waiting of this.#waiting.values()) clearTimeout(waiting.timer);
    this.#waiting.clear();
  }
}
