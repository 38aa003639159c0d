import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { type InstanceName, Problem } from '@bulkhead/model';
import type { Client } from 'pg';

/** Roles that own nothing; what each may do is granted in the migrations. */
export const serviceRoles = { web: 'bulkhead_web', collector: 'bulkhead_collector' } as const;
export type ServiceRole = keyof typeof serviceRoles;

/** Login role of an instance's service on a server that others use too. */
export const loginRole = (service: ServiceRole, instance: InstanceName): string => `${serviceRoles[service]}_${instance}`;

const attributes = 'NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION';

/** What PostgreSQL stores of a password (RFC 5802, 7677), made here so that no statement and no server log holds it. */
function scramVerifier(password: string): string {
  const iterations = 4096;
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, iterations, 32, 'sha256');
  const key = (text: string): Buffer => createHmac('sha256', salted).update(text).digest();
  const storedKey = createHash('sha256').update(key('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${key('Server Key').toString('base64')}`;
}

interface RoleRow {
  rolsuper: boolean;
  rolbypassrls: boolean;
}

/** Makes a role unless it is there; one that row-level security does not hold is refused. */
async function ensureRole(client: Client, name: string, options: string): Promise<void> {
  const { rows } = await client.query<RoleRow>('SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = $1', [name]);
  const [role] = rows;
  if (role?.rolsuper || role?.rolbypassrls)
    throw new Problem('conflict', `the database role ${name} could pass row-level security`, {
      remedy: `ALTER ROLE ${name} NOSUPERUSER NOBYPASSRLS`,
    });
  // Names are constants and hexadecimal digits, options constants: nothing to quote.
  if (role !== undefined) return;
  try {
    await client.query(`CREATE ROLE ${name} ${options} ${attributes}`);
  } catch (failure) {
    // duplicate_object, unique_violation: roles belong to the whole server, and another instance made it just now
    if (!(failure instanceof Error && 'code' in failure && (failure.code === '42710' || failure.code === '23505'))) throw failure;
  }
}

/**
 * Makes the roles that migrations grant to. Without passwords they log in themselves, by peer authentication (embedded
 * server); with passwords they are groups, and each service gets a login role of its own in its group.
 */
export async function ensureRoles(
  client: Client,
  options: { instance: InstanceName; passwords?: Record<ServiceRole, string> | undefined },
): Promise<void> {
  const { instance, passwords } = options;
  for (const [service, group] of Object.entries(serviceRoles) as [ServiceRole, string][]) {
    await ensureRole(client, group, passwords === undefined ? 'LOGIN' : 'NOLOGIN');
    if (passwords === undefined) continue;
    const login = loginRole(service, instance);
    await ensureRole(client, login, `LOGIN IN ROLE ${group}`);
    const { rows } = await client.query<{ statement: string }>(
      `SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', $1::text, $2::text) AS statement`,
      [login, scramVerifier(passwords[service])],
    );
    for (const { statement } of rows) await client.query(statement);
  }
}
