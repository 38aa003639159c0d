import { randomUUID } from 'node:crypto';
import { Problem, TenantId, type User, type UserLink } from '@bulkhead/model';
import { type Database, inScope, isUniqueViolation, type Transaction } from './database.ts';
import { linkExpiries, makeUserLink, removeUserLink } from './user-link.ts';

const isAdministrator = (role: string | null): boolean => (role ?? '').split(',').includes('admin');

const parts = {
  accounts: { where: { providerId: 'credential' }, select: { id: true } },
  members: { select: { organization: { select: { slug: true } } } },
} as const;

async function viewsOf(transaction: Transaction, where: { id?: string }): Promise<User[]> {
  const rows = await transaction.user.findMany({
    where,
    orderBy: [{ name: 'asc' }, { id: 'asc' }],
    include: { ...parts, sessions: { where: { expiresAt: { gt: new Date() } }, select: { id: true } } },
  });
  const links = await linkExpiries(transaction);
  return rows.map((row) => {
    const administrator = isAdministrator(row.role);
    const linkExpiresAt = links.get(row.id);
    return {
      id: row.id,
      name: row.name,
      email: row.email,
      role: administrator ? 'administrator' : 'member',
      tenants: administrator ? 'all' : row.members.map(({ organization }) => TenantId.parse(organization.slug)).sort(),
      createdAt: row.createdAt.toISOString(),
      hasPassword: row.accounts.length > 0,
      sessions: row.sessions.length,
      ...(linkExpiresAt === undefined ? {} : { linkExpiresAt }),
    };
  });
}

async function viewOf(transaction: Transaction, id: string): Promise<User> {
  const [view] = await viewsOf(transaction, { id });
  if (view === undefined) throw new Problem('not-found', 'the user is gone');
  return view;
}

/** By id or email, which are one user's alone; else by name, where only one bears it. */
async function find(transaction: Transaction, reference: string): Promise<{ id: string; role: string | null }> {
  const email = { equals: reference, mode: 'insensitive' } as const;
  const exact = await transaction.user.findFirst({ where: { OR: [{ id: reference }, { email }] } });
  if (exact !== null) return exact;
  const named = await transaction.user.findMany({ where: { name: reference }, take: 10 });
  const [one] = named;
  if (one === undefined)
    throw new Problem('not-found', `there is no user ${reference}`, { remedy: './bulkhead user ls tells who there is' });
  if (named.length > 1)
    throw new Problem('conflict', `${named.length} users are called ${reference}`, {
      remedy: `say which by email: ${named.map((user) => user.email).join(', ')}`,
    });
  return one;
}

/** The tenant as sign-in knows it: an organization that bears its id. */
async function ensureOrganization(transaction: Transaction, tenantId: TenantId): Promise<string> {
  await transaction.$executeRaw`INSERT INTO tenant (id) VALUES (${tenantId}) ON CONFLICT DO NOTHING`;
  const { id } = await transaction.organization.upsert({
    where: { slug: tenantId },
    create: { id: randomUUID(), name: tenantId, slug: tenantId, createdAt: new Date() },
    update: {},
  });
  return id;
}

/** Everybody who may sign in, by name. */
export const listUsers = (database: Database): Promise<User[]> => inScope(database, 'all', (transaction) => viewsOf(transaction, {}));

export interface UserWithLink {
  user: User;
  link: UserLink;
}

/** Makes a member of a tenant, and the tenant where it is not there yet. @throws Problem 'conflict' where the email is taken */
export async function addUser(
  database: Database,
  { name, email: given, tenantId }: { name: string; email: string; tenantId: TenantId },
): Promise<UserWithLink> {
  const email = given.toLowerCase();
  try {
    return await inScope(database, 'all', async (transaction) => {
      const organizationId = await ensureOrganization(transaction, TenantId.parse(tenantId));
      const { id } = await transaction.user.create({ data: { id: randomUUID(), name, email, role: 'user' } });
      await transaction.member.create({ data: { id: randomUUID(), organizationId, userId: id, role: 'member', createdAt: new Date() } });
      const link = await makeUserLink(transaction, id);
      return { user: await viewOf(transaction, id), link };
    });
  } catch (failure) {
    if (!isUniqueViolation(failure)) throw failure;
    throw new Problem('conflict', `there is a user ${email} already`, { remedy: `./bulkhead user reset ${email} makes a new link` });
  }
}

/** Makes a new link for a user. @throws Problem 'not-found', or 'conflict' where a name is several users' */
export function resetUser(database: Database, reference: string): Promise<UserWithLink> {
  return inScope(database, 'all', async (transaction) => {
    const { id } = await find(transaction, reference);
    const link = await makeUserLink(transaction, id);
    return { user: await viewOf(transaction, id), link };
  });
}

/** Removes a user with sessions and link. @throws Problem 'conflict' for the last administrator */
export function removeUser(database: Database, reference: string): Promise<User> {
  return inScope(database, 'all', async (transaction) => {
    // Two administrators that remove each other: the second waits, and then counts one.
    await transaction.$queryRaw`SELECT 1 AS locked FROM pg_advisory_xact_lock(${removalLock}::bigint)`;
    const { id } = await find(transaction, reference);
    const user = await viewOf(transaction, id);
    if (user.role === 'administrator' && (await countAdministrators(transaction)) === 1)
      throw new Problem('conflict', `${user.email} is the only administrator`, {
        remedy: `nobody could administer the dashboard after that; ./bulkhead user reset ${user.email} makes a new password`,
      });
    await removeUserLink(transaction, id);
    await transaction.user.delete({ where: { id } });
    return user;
  });
}

/** Key of the advisory lock under which users are removed: "remove" in ASCII. */
const removalLock = 0x72656d6f7665n;

async function countAdministrators(transaction: Transaction): Promise<number> {
  const rows = await transaction.user.findMany({ where: { role: { not: null } }, select: { role: true } });
  return rows.filter(({ role }) => isAdministrator(role)).length;
}
