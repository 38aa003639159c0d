import {
  type Call,
  type CompiledList,
  F_SETFL,
  type Fd,
  fcntl,
  O_NONBLOCK,
  O_RDWR,
  type Slot,
  SOCK_SEQPACKET,
  socketpair,
} from '@bulkhead/kernel';
import type { ProgramList } from '../init/container.ts';
import { compilePrologue } from '../init/prologue.ts';
import { wordOffsets } from '../init/words.ts';
import { joinSteps } from './protocol.ts';

/** A forked child on its way to its program, as its launcher sees it: their channel, and the memory in which its list is. */
export class Child implements Disposable {
  readonly slot: Slot;
  /** The launcher's end. */
  readonly channel: Fd;
  readonly pid: number;
  readonly pidfd: Fd;
  readonly #lists: CompiledList[];

  private constructor(given: { slot: Slot; channel: Fd; pid: number; pidfd: Fd; lists: readonly CompiledList[] }) {
    this.slot = given.slot;
    this.channel = given.channel;
    this.pid = given.pid;
    this.pidfd = given.pidfd;
    this.#lists = [...given.lists];
  }

  /**
   * Forks a child that begins with the first list.
   *
   * @param slot the child's from now on, also where this fails
   * @param lists in the order in which they are gone through
   * @param given.kept descriptors that it inherits beside its end of the channel
   */
  static fork(slot: Slot, lists: readonly CompiledList[], given: { flags: bigint; cgroup?: Fd | undefined; kept: readonly Fd[] }): Child {
    using stack = new DisposableStack();
    stack.use(slot);
    const [mine, theirs] = socketpair(SOCK_SEQPACKET, 'report');
    stack.use(mine);
    using closing = theirs;
    fcntl(mine, F_SETFL, O_RDWR | O_NONBLOCK);
    for (const list of lists) list.lay(slot);
    const prologue = compilePrologue(slot.next, [closing, ...given.kept], lists[0] as CompiledList);
    prologue.list.lay(slot);
    slot.putFd(wordOffsets.channel, closing);
    const { pid, pidfd } = slot.launch(prologue.first, prologue.onFailure, given.flags, given.cgroup);
    stack.move();
    return new Child({ slot, channel: mine, pid, pidfd, lists });
  }

  /** Lays a further list into the slot, which it goes through after those before. */
  lay(list: CompiledList): void {
    list.lay(this.slot);
    this.#lists.push(list);
  }

  /** The steps it has made, as text. */
  steps(): string {
    const texts: string[] = [];
    let ended = 0;
    for (const list of this.#lists) ended = list.steps(this.slot, ended, (text) => texts.push(text));
    return joinSteps('child', texts);
  }

  /** What a call of one of its lists answered. */
  answer(list: CompiledList, call: Call): number {
    return list.answers(this.slot).answer(call);
  }

  /** Whether it has come as far as its program: nothing but execve(2) was left to do, and that has not failed. */
  isAsGoodAsStarted({ list, last }: ProgramList): boolean {
    return list.answers(this.slot).wasMade(last) && this.failure() === undefined;
  }

  /** Why it could not become its program, where it has told so. */
  failure(): Error | undefined {
    for (const list of this.#lists) {
      const failure = list.failure(this.slot);
      if (failure !== undefined) return failure;
    }
    return undefined;
  }

  [Symbol.dispose](): void {
    this.slot[Symbol.dispose]();
    this.channel[Symbol.dispose]();
    this.pidfd[Symbol.dispose]();
  }
}
