import { readFileSync } from 'node:fs';
import { prismaAdapter } from '@better-auth/prisma-adapter';
import type { Caller } from '@bulkhead/api';
import { type Database, isDatabaseAway, listTenantsOfUser } from '@bulkhead/db';
import { Problem } from '@bulkhead/model';
import { betterAuth } from 'better-auth/minimal';
import { admin } from 'better-auth/plugins/admin';
import { organization } from 'better-auth/plugins/organization';
import type { Logger } from 'pino';
import type { WebConfig } from './config.ts';
import { anonymous, callerOf } from './identity.ts';

/** Set by our own server from the connection; whatever a client sends under this name is thrown away. */
export const clientAddressHeader = 'x-bulkhead-client-address';

export const passwordLength = { min: 12, max: 128 } as const;

/**
 * What of better-auth's routes a browser may reach. The rest (sign-up, organisations, users) is closed: each of them
 * could widen what somebody sees.
 */
export const openAuthPaths: ReadonlySet<string> = new Set([
  '/sign-in/email',
  '/sign-out',
  '/get-session',
  '/change-password',
  '/list-sessions',
  '/revoke-session',
  '/revoke-sessions',
  '/revoke-other-sessions',
]);

export type Auth = ReturnType<typeof createAuth>;

export function createAuth(config: Pick<WebConfig, 'instance' | 'authSecretFile' | 'tls'>, database: Database, log: Logger) {
  const secure = config.tls !== undefined;
  const prefix = `bulkhead-${config.instance}`;
  return betterAuth({
    basePath: '/api/auth',
    // Same-origin is checked by our server against the Host header before anything reaches better-auth.
    baseURL: { allowedHosts: ['*'], protocol: secure ? 'https' : 'http', fallback: `${secure ? 'https' : 'http'}://localhost` },
    secret: readFileSync(config.authSecretFile, 'utf8').trim(),
    database: prismaAdapter(database.client, { provider: 'postgresql' }),
    telemetry: { enabled: false },
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: passwordLength.min,
      maxPasswordLength: passwordLength.max,
    },
    session: { expiresIn: 7 * 24 * 3600, updateAge: 3600, cookieCache: { enabled: false } },
    advanced: {
      useSecureCookies: false,
      cookiePrefix: prefix,
      // Ports do not separate cookies: two instances on one host would sign each other out without the name.
      cookies: { session_token: { name: secure ? `__Host-${prefix}-session` : `${prefix}-session`, attributes: { secure } } },
      defaultCookieAttributes: { httpOnly: true, sameSite: 'lax', secure, path: '/' },
      ipAddress: { ipAddressHeaders: [clientAddressHeader] },
    },
    rateLimit: {
      enabled: true,
      storage: 'memory',
      window: 60,
      max: 300,
      customRules: { '/sign-in/email': { window: 60, max: 8 }, '/change-password': { window: 60, max: 8 }, '/get-session': false },
    },
    logger: {
      level: 'warn',
      log: (level, message) => log[level === 'error' ? 'error' : level === 'warn' ? 'warn' : 'debug']({ part: 'better-auth' }, message),
    },
    plugins: [admin(), organization({ allowUserToCreateOrganization: false })],
  });
}

/** Who stands behind these headers; read anew for every call, so that a sign-out or a lost right counts at once. */
export async function callerFromHeaders(auth: Auth, database: Database, headers: Headers): Promise<Caller> {
  if (!headers.has('cookie')) return anonymous;
  try {
    const session = await auth.api.getSession({ headers, query: { disableRefresh: true } });
    if (session === null || session.user.banned === true) return anonymous;
    return callerOf(session.user, await listTenantsOfUser(database, session.user.id));
  } catch (failure) {
    if (!isDatabaseAway(failure)) throw failure;
    throw new Problem('unavailable', 'the database is away, so nobody can be recognised', {
      remedy: 'it is being restarted; try again',
      cause: failure,
    });
  }
}
