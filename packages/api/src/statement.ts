import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { Problem, Subject, TenantId } from '@bulkhead/model';
import { z } from 'zod';
import { Role } from './permission.ts';

/** HTTP header in which a statement travels from the control plane to an agent. */
export const statementHeader = 'x-bulkhead-statement';

/** A statement lives this long at most; the agent remembers its `jti` as long. */
export const statementLifetimeMsec = 60_000;

/** What the control plane signs for one call: who asks, for what exactly, until when. The agent acts on the subject's rights, not on the control plane's. */
export const Statement = z.strictObject({
  version: z.literal(1),
  /** The agent it is meant for. */
  audience: z.uuid(),
  subject: Subject,
  role: Role.exclude(['anonymous', 'local-root']),
  tenants: z.union([z.literal('all'), z.array(TenantId).max(1000)]),
  /** Path of the procedure, `container.kill`. */
  procedure: z.string().max(100),
  /** SHA-256 of the input's JSON text, base64url; of an empty text where there is no input. */
  inputHash: z.string().length(43),
  jti: z.uuid(),
  issuedAtMsec: z.number().int(),
  expiresAtMsec: z.number().int(),
});
export type Statement = z.infer<typeof Statement>;

/** SHA-256, base64url, over JSON.stringify of an input; object key order is the sender's and survives parsing. */
export function hashInput(input: unknown): string {
  return createHash('sha256')
    .update(input === undefined ? '' : JSON.stringify(input))
    .digest('base64url');
}

/** Signs with Ed25519: `base64url(JSON).base64url(signature)`. */
export function signStatement(statement: Statement, privateKey: KeyObject): string {
  const payload = Buffer.from(JSON.stringify(statement)).toString('base64url');
  return `${payload}.${sign(null, Buffer.from(payload), privateKey).toString('base64url')}`;
}

/** Checks signature and form; who it is for, its time and its single use are the agent's to check. */
export function openStatement(text: string, publicKey: KeyObject): Statement {
  const [payload, signature, ...rest] = text.split('.');
  if (text.length > 65_536 || !payload || !signature || rest.length > 0) throw new Problem('unauthenticated', 'the statement is malformed');
  if (!verify(null, Buffer.from(payload), publicKey, Buffer.from(signature, 'base64url')))
    throw new Problem('unauthenticated', "the statement is not signed by this host's control plane");
  const parsed = Statement.safeParse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
  if (!parsed.success) throw new Problem('unauthenticated', 'the statement is malformed');
  return parsed.data;
}

export const readPrivateKey = (pem: string): KeyObject => createPrivateKey(pem);
export const readPublicKey = (pem: string): KeyObject => createPublicKey(pem);
