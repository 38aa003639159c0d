import { adoptInherited, dropAcrossExec, type Fd, memfd_create, pidfd_open, readText, writeAll } from '@bulkhead/kernel';
import { ContainerId, ExitStatus } from '@bulkhead/model';
import { z } from 'zod';
import { Output } from './output.ts';
import { LaunchedProcess } from './process.ts';
import { ExecId, SandboxLayout } from './protocol.ts';

const Token = z.number().int().nonnegative();

/** What the launcher leaves to the program that replaces it by execve(2): descriptors by number, all else as data. */
export const Kept = z.object({
  version: z.literal(1),
  /** The upgrade request that the new program answers. */
  seq: z.number(),
  listener: Token,
  connection: Token.optional(),
  /** What the agent has told of layouts, by its numbers. */
  layouts: z.array(z.tuple([z.number(), SandboxLayout])).optional(),
  processes: z.array(
    z.object({
      id: ContainerId,
      execId: ExecId.optional(),
      pid: z.number(),
      ownChild: z.boolean(),
      state: z.enum(['created', 'running', 'exited']),
      exitStatus: ExitStatus.optional(),
      forgetAtEnd: z.boolean().optional(),
      /** The `start` that waits for its answer. */
      starting: z.number().optional(),
      pidfd: Token.optional(),
      report: Token.optional(),
      stdin: Token.optional(),
      terminal: Token.optional(),
      sources: z.array(z.tuple([z.enum(['stdout', 'stderr']), Token])),
      output: z.object({ directory: z.string(), logFile: z.string(), logMaxBytes: z.number() }),
    }),
  ),
});
export type Kept = z.infer<typeof Kept>;

/** What an execve(2) of the launcher leaves. */
export interface Left {
  /** The upgrade request that the new program answers. */
  seq: number;
  listener: Fd;
  connection: Fd | undefined;
  layouts: ReadonlyMap<number, { readonly plan: SandboxLayout }>;
  processes: readonly LaunchedProcess[];
}

/** Every descriptor that is left. */
export function descriptorsOf({ listener, connection, processes }: Left): Fd[] {
  const held = processes.flatMap((one) => [one.pidfd, one.report, one.stdin, one.terminal, ...one.output.sources.values()]);
  return [listener, connection, ...held].filter((fd) => fd !== undefined && !fd.closed) as Fd[];
}

/** Describes everything that is left. @param token makes one of a descriptor: `keepAcrossExec` marks it as well */
export function serialise({ seq, listener, connection, layouts, processes }: Left, token: (fd: Fd) => number): Kept {
  const keep = (fd: Fd | undefined): number | undefined => (fd === undefined || fd.closed ? undefined : token(fd));
  return {
    version: 1,
    seq,
    listener: token(listener),
    connection: keep(connection),
    layouts: [...layouts].map(([number, { plan }]) => [number, plan]),
    processes: processes.map((one) => ({
      id: one.id,
      execId: one.execId,
      pid: one.pid,
      ownChild: one.ownChild,
      state: one.state,
      exitStatus: one.exitStatus,
      forgetAtEnd: one.forgetAtEnd,
      starting: one.starting,
      pidfd: keep(one.pidfd),
      report: keep(one.report),
      stdin: keep(one.stdin),
      terminal: keep(one.terminal),
      sources: [...one.output.sources].map(([stream, fd]) => [stream, token(fd)]),
      output: one.output.plan,
    })),
  };
}

/** Takes back what `serialise` marked with `keepAcrossExec`: the execve(2) failed, and this program goes on. */
export function unmark(left: Left): void {
  for (const fd of descriptorsOf(left)) dropAcrossExec(fd);
}

/** Puts the table into a memfd. */
export function writeTable(kept: Kept): Fd {
  const table = memfd_create('launcher-table', false);
  writeAll(table, Buffer.from(JSON.stringify(kept)));
  return table;
}

/** Every descriptor that a table names. */
export function tokensOf(kept: Kept): number[] {
  const held = kept.processes.flatMap((one) => [one.pidfd, one.report, one.stdin, one.terminal, ...one.sources.map(([, token]) => token)]);
  return [kept.listener, kept.connection, ...held].filter((token) => token !== undefined);
}

/** Reads the table that the program before left in a memfd. */
export function readKept(token: number): Kept {
  using table = adoptInherited(token, 'launcher-table');
  return Kept.parse(JSON.parse(readText(table)));
}

const take = (token: number | undefined, label: string): Fd | undefined => (token === undefined ? undefined : adoptInherited(token, label));

/** Makes objects of what was kept. */
export function restore(kept: Kept): { listener: Fd; connection: Fd | undefined; processes: LaunchedProcess[] } {
  const processes = kept.processes.map((one) => {
    const output = new Output(one.output);
    const pidfd = take(one.pidfd, `pidfd:${one.pid}`) ?? pidfd_open(process.pid);
    const restored = new LaunchedProcess({
      id: one.id,
      execId: one.execId,
      pid: one.pid,
      pidfd,
      output,
      ownChild: one.ownChild,
      state: one.state,
    });
    restored.exitStatus = one.exitStatus;
    restored.forgetAtEnd = one.forgetAtEnd ?? false;
    restored.starting = one.starting;
    restored.report = take(one.report, 'report');
    restored.stdin = take(one.stdin, 'stdin');
    restored.terminal = take(one.terminal, 'terminal');
    for (const [stream, token] of one.sources) output.drain(stream, adoptInherited(token, stream));
    return restored;
  });
  return { listener: adoptInherited(kept.listener, 'listener'), connection: take(kept.connection, 'connection'), processes };
}
