import type {
  TRPCBuiltRouter,
  TRPCDefaultErrorShape,
  TRPCMutationProcedure,
  TRPCQueryProcedure,
  TRPCSubscriptionProcedure,
} from '@trpc/server';
import type { z } from 'zod';
import type { ErrorData } from './error.ts';
import type { Permission } from './permission.ts';

/**
 * What the objects of a procedure belong to.
 * - `public`: nothing is shown that a stranger may not see
 * - `self`: the caller's own session
 * - `tenant`: every object has a tenant; the caller sees those of its own only
 * - `host`: the whole host; administrators and the services only
 */
export type Scope = 'public' | 'self' | 'tenant' | 'host';

export type ProcedureKind = 'query' | 'mutation' | 'subscription';

/** A procedure as both sides know it. Permission and scope are required: one without does not compile. */
export interface ProcedureContract<
  K extends ProcedureKind = ProcedureKind,
  I extends z.ZodType = z.ZodType,
  O extends z.ZodType = z.ZodType,
> {
  readonly kind: K;
  readonly permission: Permission;
  readonly scope: Scope;
  readonly input: I;
  readonly output: O;
}

type Declared<I extends z.ZodType, O extends z.ZodType> = Omit<ProcedureContract<ProcedureKind, I, O>, 'kind'>;

export const query = <I extends z.ZodType, O extends z.ZodType>(declared: Declared<I, O>): ProcedureContract<'query', I, O> => ({
  kind: 'query',
  ...declared,
});
export const mutation = <I extends z.ZodType, O extends z.ZodType>(declared: Declared<I, O>): ProcedureContract<'mutation', I, O> => ({
  kind: 'mutation',
  ...declared,
});
/** A stream; `output` is one item of it. */
export const subscription = <I extends z.ZodType, O extends z.ZodType>(
  declared: Declared<I, O>,
): ProcedureContract<'subscription', I, O> => ({ kind: 'subscription', ...declared });

/** Nouns, each with its verbs. */
// biome-ignore lint/suspicious/noExplicitAny: the bound of a mapped type; every use infers the exact schemas
export type Contract = Record<string, Record<string, ProcedureContract<ProcedureKind, any, any>>>;

/** Meta that every procedure carries at run time. */
export interface ProcedureMeta {
  permission: Permission;
  scope: Scope;
}

type Definition<P extends ProcedureContract> = { input: z.input<P['input']>; output: z.output<P['output']>; meta: ProcedureMeta };
type StreamDefinition<P extends ProcedureContract> = {
  input: z.input<P['input']>;
  output: AsyncIterable<z.output<P['output']>, void, unknown>;
  meta: ProcedureMeta;
};

type ProcedureOf<P extends ProcedureContract> = P['kind'] extends 'query'
  ? TRPCQueryProcedure<Definition<P>>
  : P['kind'] extends 'mutation'
    ? TRPCMutationProcedure<Definition<P>>
    : TRPCSubscriptionProcedure<StreamDefinition<P>>;

export interface ErrorShape extends TRPCDefaultErrorShape {
  data: TRPCDefaultErrorShape['data'] & ErrorData;
}

/** The tRPC router type that a contract stands for; clients are typed by it and import no server code. */
export type RouterOf<C extends Contract> = TRPCBuiltRouter<
  { ctx: object; meta: ProcedureMeta; errorShape: ErrorShape; transformer: false },
  { [Noun in keyof C]: { [Verb in keyof C[Noun]]: ProcedureOf<C[Noun][Verb]> } }
>;
