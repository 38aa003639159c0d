import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { AT_FDCWD, O_CREAT, O_RDONLY, O_WRONLY, RESOLVE_NO_SYMLINKS, SOCK_SEQPACKET, WEXITED } from '../constants.ts';
import { errnoNumber } from '../error.ts';
import type { Fd } from '../fd.ts';
import { waitPid } from '../process.ts';
import { Recorder, record } from '../recorder.ts';
import { receiveMessage, sendMessage, socketpair } from '../socket.ts';
import * as calls from './calls.ts';
import { headBytes } from './format.ts';
import { Slot } from './slot.ts';
import { type CompiledList, SyscallList } from './syscall-list.ts';

const directory = mkdtempSync(join(tmpdir(), 'bulkhead-list-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const [ENOENT, EBADF, EINVAL] = [errnoNumber('ENOENT'), errnoNumber('EBADF'), errnoNumber('EINVAL')];

function newList(): SyscallList {
  return new SyscallList(headBytes);
}

/** Has a child go through a list. @returns how it ended, as its parent hears */
function run(slot: Slot, list: CompiledList, onFailure?: number): string {
  list.lay(slot);
  const { pid, pidfd } = slot.launch(list.origin, onFailure, 0n);
  pidfd[Symbol.dispose]();
  const ended = waitPid(pid, WEXITED);
  return ended?.kind === 'exited' ? `exit code ${ended.code}` : `signal ${ended?.signal}`;
}

describe('a list of syscalls', () => {
  it('is gone through in order, what one call answers being an argument of the next', () => {
    using slot = new Slot();
    const list = newList();
    const path = join(directory, 'written');
    const file = calls.openat(list, AT_FDCWD, path, O_CREAT | O_WRONLY, 0o600);
    const written = calls.write(list, file, 'by a child');
    calls.exit(list, 7);
    const compiled = list.compile();
    expect(run(slot, compiled)).toBe('exit code 7');
    expect(readFileSync(path, 'utf8')).toBe('by a child');
    expect(compiled.answers(slot).answer(written)).toBe(10);
    expect(compiled.failure(slot)).toBeUndefined();
  });

  it('ends with code 125 where a call fails, and says which and why', () => {
    using slot = new Slot();
    const list = newList();
    calls.umask(list, 0o22);
    const failing = calls.openat(list, AT_FDCWD, '/no/such/file', O_RDONLY);
    const never = calls.umask(list, 0o22);
    calls.exit(list, 0);
    const compiled = list.compile();
    expect(run(slot, compiled)).toBe('exit code 125');
    expect(compiled.failure(slot)).toMatchObject({
      message: 'openat(-100, "/no/such/file", 0): ENOENT',
      syscall: 'openat',
      code: 'ENOENT',
    });
    const { answer, wasMade } = compiled.answers(slot);
    expect([answer(failing), wasMade(failing), wasMade(never)]).toEqual([-ENOENT, true, false]);
  });

  it('goes on elsewhere after a failure where it is told to', () => {
    using slot = new Slot();
    const list = newList();
    calls.fchdir(list, calls.openat(list, AT_FDCWD, '/etc/hostname', O_RDONLY));
    calls.exit(list, 0);
    const onFailure = list.nextOffset;
    // A failure on that way ends it: nobody goes round in circles.
    calls.chdir(list, '/no/such/directory');
    calls.exit(list, 1);
    const compiled = list.compile();
    expect(run(slot, compiled, onFailure)).toBe('exit code 125');
    expect(compiled.failure(slot)?.message).toBe('chdir("/no/such/directory"): ENOENT');
  });

  it('skips what belongs to a call that failed with an errno it tolerates, and fails with any other', () => {
    const through = (tolerate: number[]): string => {
      using slot = new Slot();
      const list = newList();
      const absent = calls.openat2(list, AT_FDCWD, '/no/such', { flags: O_RDONLY, resolve: RESOLVE_NO_SYMLINKS }, { tolerate });
      calls.exit(list, 1);
      list.land(absent);
      calls.exit(list, 2);
      return run(slot, list.compile());
    };
    expect(through([EINVAL, EBADF, ENOENT])).toBe('exit code 2');
    expect(through([EINVAL])).toBe('exit code 125');
  });

  it('compares memory under a mask, writes words, and jumps', () => {
    using slot = new Slot();
    const list = newList();
    const word = list.room(8);
    list.set(word, 0x1_2345_6789);
    list.compare(word, 0xff00, 0x6700, EINVAL);
    list.compare(word, -1, 0x1_2345_6789, EINVAL);
    const differs = list.compare(word, 0xf, 0x8, EINVAL, { tolerate: [EINVAL] });
    calls.exit(list, 1);
    list.land(differs);
    const onward = list.jump();
    calls.exit(list, 2);
    list.land(onward);
    list.compare(word, -1, 5, EBADF, { failure: (errno) => new Error(`the word differs (${errno})`) });
    const compiled = list.compile();
    expect(run(slot, compiled)).toBe('exit code 125');
    expect(compiled.failure(slot)?.message).toBe(`the word differs (${EBADF})`);
  });

  it('waits for a word, and ends at the end of the channel', () => {
    for (const word of ['go', undefined]) {
      const [mine, theirs] = socketpair(SOCK_SEQPACKET, 'test');
      using end = mine;
      using slot = new Slot();
      const list = newList();
      calls.closeOthers(list, [theirs]);
      const answer = list.text('ready');
      calls.receive(list, theirs, list.room(8), 8);
      calls.send(list, theirs, answer, 5);
      calls.exit(list, 3);
      const compiled = list.compile();
      compiled.lay(slot);
      const { pid, pidfd } = slot.launch(compiled.origin, undefined, 0n);
      theirs[Symbol.dispose]();
      if (word === undefined) end[Symbol.dispose]();
      else {
        sendMessage(end, Buffer.from(word));
        expect(receiveMessage(end, Buffer.alloc(16))?.data.toString()).toBe('ready');
      }
      pidfd[Symbol.dispose]();
      expect(waitPid(pid, WEXITED)).toMatchObject({ kind: 'exited', code: word === undefined ? 125 : 3 });
    }
  });

  it('goes on without waiting while the other end of a channel is open, whatever was said, and ends when it is not', () => {
    const through = (before: (end: Fd) => void): string => {
      const [mine, theirs] = socketpair(SOCK_SEQPACKET, 'test');
      using end = mine;
      using childEnd = theirs;
      using slot = new Slot();
      const list = newList();
      calls.closeOthers(list, [theirs]);
      calls.expectOpen(list, theirs);
      calls.exit(list, 3);
      before(end);
      const ended = run(slot, list.compile());
      expect(childEnd.closed).toBe(false);
      return ended;
    };
    expect(through(() => undefined)).toBe('exit code 3');
    expect(through((end) => sendMessage(end, Buffer.from('go')))).toBe('exit code 3');
    expect(through((end) => end[Symbol.dispose]())).toBe('exit code 125');
  });

  it('hands a descriptor over, and takes one', () => {
    const [mine, theirs] = socketpair(SOCK_SEQPACKET, 'test');
    using end = mine;
    using slot = new Slot();
    const path = join(directory, 'handed');
    writeFileSync(path, '');
    const list = newList();
    const control = list.room(64);
    calls.receiveDescriptors(list, theirs, control, 4);
    calls.sendDescriptor(list, theirs, list.text('x'), 1, calls.openat(list, AT_FDCWD, path, O_WRONLY));
    calls.exit(list, 0);
    const compiled = list.compile();
    compiled.lay(slot);
    const { pid, pidfd } = slot.launch(compiled.origin, undefined, 0n);
    pidfd[Symbol.dispose]();
    sendMessage(end, Buffer.from('given'), [theirs]);
    theirs[Symbol.dispose]();
    expect(waitPid(pid, WEXITED)).toMatchObject({ kind: 'exited', code: 0 });
    const received = receiveMessage(end, Buffer.alloc(16));
    expect(received?.fds).toHaveLength(1);
    for (const fd of received?.fds ?? []) fd[Symbol.dispose]();
  });

  it('goes on twice after a fork: the new process with the next call, the old one behind', () => {
    using slot = new Slot();
    const list = newList();
    const fork = calls.clone3AsSibling(list, 0n);
    calls.exit(list, 11);
    list.land(fork);
    calls.exit(list, 12);
    const compiled = list.compile();
    expect(run(slot, compiled)).toBe('exit code 12');
    const sibling = compiled.answers(slot).answer(fork);
    expect(sibling).toBeGreaterThan(1);
    expect(waitPid(sibling, WEXITED)).toMatchObject({ kind: 'exited', code: 11 });
  });

  it('becomes a program, with addresses of texts that are known in the slot alone', () => {
    using slot = new Slot();
    const list = newList();
    const path = join(directory, 'said');
    const program = list.text('/bin/sh');
    const args = list.vector(['sh', '-c', `printf %s "$word" > ${path}; exit 9`]);
    calls.execve(list, program, args, list.vector(['word=heard']), {});
    expect(run(slot, list.compile())).toBe('exit code 9');
    expect(readFileSync(path, 'utf8')).toBe('heard');
  });

  it('tells its steps with their durations, those that only look left out', () => {
    using slot = new Slot();
    const list = newList();
    symlinkSync('/nowhere', join(directory, 'link'));
    calls.umask(list, 0o22);
    calls.faccessat(list, AT_FDCWD, '/', 0);
    calls.mkdirat(list, AT_FDCWD, join(directory, 'made'), 0o700);
    const refused = calls.openat2(
      list,
      AT_FDCWD,
      join(directory, 'link'),
      { flags: O_RDONLY, resolve: RESOLVE_NO_SYMLINKS },
      { tolerate: [errnoNumber('ELOOP')] },
    );
    list.land(refused);
    calls.exit(list, 0);
    const compiled = list.compile();
    const recorder = new Recorder();
    record(recorder, () => run(slot, compiled));
    const steps: [string, string, number, string][] = [];
    compiled.steps(slot, 0, (text) => steps.push(JSON.parse(text)));
    expect(steps.map(([syscall, args, , error]) => [syscall, args, error])).toEqual([
      ['mkdirat', `-100, "${directory}/made", 448`, ''],
      ['openat2', `-100, "${directory}/link", 0, 0x4`, 'ELOOP'],
    ]);
    for (const [, , durationNsec] of steps) expect(durationNsec).toBeGreaterThan(0);
    expect(recorder.steps.map(({ syscall }) => syscall)).toEqual(['clone3']);
  });
});

describe('a slot', () => {
  it('is all that a child has of the memory of its parent', () => {
    using slot = new Slot();
    const [mine, theirs] = socketpair(SOCK_SEQPACKET, 'test');
    using end = mine;
    const list = newList();
    calls.receive(list, theirs, list.room(8), 8);
    calls.exit(list, 0);
    const compiled = list.compile();
    compiled.lay(slot);
    const { pid, pidfd } = slot.launch(compiled.origin, undefined, 0n);
    pidfd[Symbol.dispose]();
    const mappings = readFileSync(`/proc/${pid}/maps`, 'utf8')
      .trim()
      .split('\n')
      .filter((line) => !line.endsWith('[vsyscall]'));
    sendMessage(end, Buffer.from('go'));
    theirs[Symbol.dispose]();
    expect(waitPid(pid, WEXITED)).toMatchObject({ kind: 'exited', code: 0 });
    // The interpreter, the slot, and where the C library has one the page it registered with rseq(2).
    expect(mappings.map((line) => line.split(' ')[1]).sort()).toEqual(['r-xp', 'rw-p', 'rw-s']);
    const size = (line: string | undefined): number => {
      const [from = 0, to = 0] = (line?.split(' ')[0] ?? '').split('-').map((text) => Number.parseInt(text, 16));
      return to - from;
    };
    expect(size(mappings.find((line) => line.includes('rw-p')))).toBe(4096);
    expect(size(mappings.find((line) => line.includes('rw-s')))).toBe(128 * 1024);
  });

  it('holds nothing of the child before', () => {
    const secret = 'a secret of the child before';
    const seen: string[] = [];
    for (const content of ['.'.repeat(5000) + secret, 'nothing']) {
      using slot = new Slot();
      const list = newList();
      const where = list.text(content);
      const file = calls.openat(list, AT_FDCWD, join(directory, 'memory'), O_CREAT | O_WRONLY, 0o600);
      list.call('write', [file, where, 100_000]);
      calls.exit(list, 0);
      expect(run(slot, list.compile())).toBe('exit code 0');
      seen.push(readFileSync(join(directory, 'memory'), 'latin1').includes(secret) ? 'seen' : 'not seen');
      rmSync(join(directory, 'memory'));
    }
    expect(seen).toEqual(['seen', 'not seen']);
  });

  it('grows for a long environment, and refuses what no program could take', () => {
    const text = 'x'.repeat(120_000);
    const list = newList();
    const env = list.vector(Array.from({ length: 8 }, (_, index) => `v${index}=${text}`));
    calls.execve(list, list.text('/bin/true'), list.vector(['true']), env, {});
    const compiled = list.compile();
    using slot = new Slot(compiled.end);
    expect(run(slot, compiled)).toBe('exit code 0');
    expect(() => new Slot(9 * 1024 * 1024)).toThrow('E2BIG');
  });
});
