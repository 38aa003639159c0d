import { randomUUID } from 'node:crypto';
import { Problem } from '@bulkhead/model';
import { initTRPC, type TRPCError } from '@trpc/server';
import { z } from 'zod';
import type { Contract, ProcedureContract, ProcedureMeta, RouterOf } from './contract.ts';
import { type ErrorData, problemCodeOf, toTRPCError } from './error.ts';
import { type Caller, rolePermissions } from './permission.ts';

export interface Call<I> {
  caller: Caller;
  input: I;
  /** Aborts when the client goes away. */
  signal: AbortSignal;
}

type HandlerOf<P extends ProcedureContract> = P['kind'] extends 'subscription'
  ? (call: Call<z.output<P['input']>>) => AsyncIterable<z.input<P['output']>>
  : (call: Call<z.output<P['input']>>) => z.input<P['output']> | Promise<z.input<P['output']>>;

/** One function for each procedure of a contract. */
export type HandlersOf<C extends Contract> = { [Noun in keyof C]: { [Verb in keyof C[Noun]]: HandlerOf<C[Noun][Verb]> } };

export interface RouterOptions<Context extends object> {
  /** Proves who calls, or answers with an anonymous caller; throws a Problem where a proof is offered and does not hold. */
  authenticate(call: { context: Context; path: string; rawInput: unknown; meta: ProcedureMeta }): Caller | Promise<Caller>;
  /** Told of every failure; `reference` stands in the answer too. */
  onFailure(failure: { path: string; error: TRPCError; reference: string; caller: Caller | undefined }): void;
}

const references = new WeakMap<TRPCError, string>();

function explain(error: z.ZodError): string {
  return error.issues.map((issue) => (issue.path.length > 0 ? `${issue.path.join('.')}: ${issue.message}` : issue.message)).join('; ');
}

/**
 * Makes the router of a contract: each call is authenticated, its permission checked, its input parsed, its handler
 * run, its output parsed, in that order, for every procedure alike.
 */
export function createRouter<C extends Contract, Context extends object>(
  contract: C,
  handlers: HandlersOf<C>,
  options: RouterOptions<Context>,
): RouterOf<C> {
  const t = initTRPC
    .context<Context>()
    .meta<ProcedureMeta>()
    .create({
      sse: { ping: { enabled: true, intervalMs: 15_000 } },
      errorFormatter({ shape, error }) {
        const cause = error.cause;
        const data: ErrorData = { problem: problemCodeOf(error.code) };
        if (cause instanceof Problem && cause.remedy !== undefined) data.remedy = cause.remedy;
        if (cause instanceof Problem && cause.told !== undefined) data.told = cause.told;
        const reason = cause instanceof Problem ? cause.cause : cause;
        if (reason instanceof Error && 'syscall' in reason && 'code' in reason) data.errno = String(reason.code);
        const reference = references.get(error);
        if (reference !== undefined) data.reference = reference;
        const message = cause instanceof z.ZodError ? explain(cause) : shape.message;
        const { stack: _, ...rest } = shape.data;
        return { ...shape, message, data: { ...rest, ...data } };
      },
    });

  const fail = (path: string, failure: unknown, caller: Caller | undefined): TRPCError => {
    const error = toTRPCError(failure);
    if (!references.has(error)) {
      const reference = randomUUID().slice(0, 8);
      references.set(error, reference);
      options.onFailure({ path, error, reference, caller });
    }
    return error;
  };

  const build = (procedure: ProcedureContract, handler: (call: Call<unknown>) => unknown) => {
    const meta: ProcedureMeta = { permission: procedure.permission, scope: procedure.scope };
    const authorised = t.procedure.meta(meta).use(async ({ ctx, path, getRawInput, next }) => {
      let caller: Caller | undefined;
      try {
        caller = await options.authenticate({ context: ctx as unknown as Context, path, rawInput: await getRawInput(), meta });
        if (!rolePermissions[caller.role].has(meta.permission)) {
          if (caller.role === 'anonymous') throw new Problem('unauthenticated', 'sign in first');
          throw new Problem('forbidden', `your role (${caller.role}) may not ${path}`, {
            remedy: `it needs the permission ${meta.permission}`,
          });
        }
        if (meta.scope === 'host' && caller.tenants !== 'all')
          throw new Problem('forbidden', `${path} concerns the whole host; you see your own tenants only`);
      } catch (failure) {
        throw fail(path, failure, caller);
      }
      const result = await next({ ctx: { ...ctx, caller } });
      if (!result.ok) throw fail(path, result.error.cause instanceof Problem ? toTRPCError(result.error.cause) : result.error, caller);
      return result;
    });
    const base = authorised.input(procedure.input);
    const callOf = (resolved: { ctx: object; input: unknown; signal: AbortSignal | undefined }): Call<unknown> => ({
      caller: (resolved.ctx as { caller: Caller }).caller,
      input: resolved.input,
      signal: resolved.signal ?? new AbortController().signal,
    });
    switch (procedure.kind) {
      case 'query':
        return base.output(procedure.output).query((resolved) => handler(callOf(resolved)));
      case 'mutation':
        return base.output(procedure.output).mutation((resolved) => handler(callOf(resolved)));
      case 'subscription':
        return base.subscription(async function* (resolved) {
          try {
            for await (const item of handler(callOf(resolved)) as AsyncIterable<unknown>) yield procedure.output.parse(item);
          } catch (failure) {
            throw fail(resolved.path, failure, (resolved.ctx as { caller: Caller }).caller);
          }
        });
    }
  };

  const record = Object.fromEntries(
    Object.entries(contract).map(([noun, verbs]) => [
      noun,
      t.router(
        Object.fromEntries(
          Object.entries(verbs).map(([verb, procedure]) => {
            const handler = handlers[noun]?.[verb];
            if (handler === undefined) throw new Error(`no handler for ${noun}.${verb}`);
            return [verb, build(procedure, handler as (call: Call<unknown>) => unknown)];
          }),
        ),
      ),
    ]),
  );
  // The record is built from the contract entry by entry, which no inference can follow; RouterOf states the same mapping.
  return t.router(record) as unknown as RouterOf<C>;
}
