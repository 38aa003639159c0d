import type { Caller } from '@bulkhead/api';
import { hashInput, statementLifetimeMsec } from '@bulkhead/api/statement';
import { type HostId, Problem } from '@bulkhead/model';
import type { SeenStatements } from './seen-statements.ts';
import type { Verifier } from './verify-keys.ts';

/** Clocks of control plane and host may differ by so much. */
const clockSkewMsec = 5000;

/** How a call came in. */
export interface CallContext {
  /** SO_PEERCRED of the connection; undefined where it could not be read. */
  peer: { uid: number; pid: number } | undefined;
  /** The statement header, where there is one. */
  statement: string | undefined;
}

export interface AuthenticateOptions {
  hostId: HostId;
  verifier: Verifier;
  seen: Pick<SeenStatements, 'use'>;
  clock: () => { boottimeNsec: bigint; wallMsec: number };
}

export const anonymous: Caller = { subject: { kind: 'user', id: '', name: 'anonymous' }, role: 'anonymous', tenants: new Set() };

/**
 * Proves who calls: a statement of the control plane, whoever carries it; else root by the kernel's word; else nobody.
 *
 * @throws Problem 'unauthenticated' where a statement is offered and does not hold
 */
export function createAuthenticate({ hostId, verifier, seen, clock }: AuthenticateOptions) {
  return ({ context, path, rawInput }: { context: CallContext; path: string; rawInput: unknown }): Caller => {
    if (context.statement === undefined) {
      if (context.peer?.uid !== 0) return anonymous;
      return { subject: { kind: 'local-root', id: '0', name: 'root' }, role: 'local-root', tenants: 'all' };
    }
    const refuse = (reason: string, remedy?: string): never => {
      throw new Problem('unauthenticated', `the statement ${reason}`, remedy === undefined ? {} : { remedy });
    };
    const statement = verifier.open(context.statement);
    const { boottimeNsec, wallMsec } = clock();
    if (statement.audience !== hostId) refuse('is for another host');
    if (statement.procedure !== path) refuse(`is for ${statement.procedure}, not for ${path}`);
    if (statement.inputHash !== hashInput(rawInput)) refuse('is for another input');
    if (statement.expiresAtMsec <= wallMsec) refuse('has expired', 'compare the clocks of this host and of the control plane');
    if (statement.issuedAtMsec > wallMsec + clockSkewMsec)
      refuse('is from the future', 'compare the clocks of this host and of the control plane');
    if (statement.expiresAtMsec - statement.issuedAtMsec > statementLifetimeMsec) refuse('lives too long');
    // What was used before a reboot is remembered, but for the last moments before a power cut.
    if (wallMsec - statement.issuedAtMsec > Number(boottimeNsec / 1_000_000n)) refuse('was issued before this host started');
    if (statement.role === 'member' && statement.tenants === 'all') refuse('gives a member every tenant');
    if (!seen.use(statement.jti, statement.expiresAtMsec)) refuse('was used before');
    return {
      subject: statement.subject,
      role: statement.role,
      tenants: statement.tenants === 'all' ? 'all' : new Set(statement.tenants),
    };
  };
}
