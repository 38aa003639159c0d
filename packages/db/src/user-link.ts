import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { Problem, type UserLink } from '@bulkhead/model';
import { type Database, inScope, type Transaction } from './database.ts';

const livesMsec = 3_600_000;
/** Stands before the user's id in the table that better-auth keeps its own short-lived secrets in. */
const prefix = 'bulkhead-user-link:';

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

const invalidLink = () =>
  new Problem('forbidden', 'this link is not valid, or not any more: it works once, for an hour', {
    remedy: 'ask for a new one: ./bulkhead user reset NAME, on the host',
  });

/** Makes a user's one-time link; an earlier one is dead from now on. Only a hash of the token is stored. */
export async function makeUserLink(transaction: Transaction, userId: string): Promise<UserLink> {
  const token = randomBytes(32).toString('base64url');
  const expiresAt = new Date(Date.now() + livesMsec);
  const identifier = `${prefix}${userId}`;
  await transaction.verification.deleteMany({ where: { identifier } });
  await transaction.verification.create({ data: { id: randomUUID(), identifier, value: hashOf(token), expiresAt } });
  return { token, expiresAt: expiresAt.toISOString() };
}

/** Until when the links of users work, by user id; those that are too old are left out. */
export async function linkExpiries(transaction: Transaction): Promise<Map<string, string>> {
  const rows = await transaction.verification.findMany({
    where: { identifier: { startsWith: prefix }, expiresAt: { gt: new Date() } },
    select: { identifier: true, expiresAt: true },
  });
  return new Map(rows.map(({ identifier, expiresAt }) => [identifier.slice(prefix.length), expiresAt.toISOString()]));
}

export async function removeUserLink(transaction: Transaction, userId: string): Promise<void> {
  await transaction.verification.deleteMany({ where: { identifier: `${prefix}${userId}` } });
}

async function findUser(transaction: Transaction, token: string) {
  const link = await transaction.verification.findFirst({
    where: { value: hashOf(token), identifier: { startsWith: prefix }, expiresAt: { gt: new Date() } },
  });
  const user =
    link === null
      ? null
      : await transaction.user.findUnique({
          where: { id: link.identifier.slice(prefix.length) },
          include: { accounts: { where: { providerId: 'credential' } } },
        });
  if (link === null || user === null) throw invalidLink();
  return { link, user };
}

/** Whose password a link sets. */
export async function openUserLink(database: Database, token: string): Promise<{ name: string; email: string; hasPassword: boolean }> {
  return inScope(database, 'all', async (transaction) => {
    const { name, email, accounts } = (await findUser(transaction, token)).user;
    return { name, email, hasPassword: accounts.length > 0 };
  });
}

/**
 * Sets the password of the link's user, ends the link and every session of that user, all or nothing.
 *
 * @param hash of the password, as better-auth keeps it
 */
export async function setPasswordByLink(
  database: Database,
  token: string,
  hash: string,
): Promise<{ userId: string; email: string; sessionsEnded: number }> {
  return inScope(database, 'all', async (transaction) => {
    const { link, user } = await findUser(transaction, token);
    // Of two browsers with one link, one removes the row.
    const { count } = await transaction.verification.deleteMany({ where: { id: link.id } });
    if (count !== 1) throw invalidLink();
    const now = new Date();
    const changed = await transaction.account.updateMany({
      where: { userId: user.id, providerId: 'credential' },
      data: { password: hash, updatedAt: now },
    });
    if (changed.count === 0)
      await transaction.account.create({
        data: { id: randomUUID(), accountId: user.id, providerId: 'credential', userId: user.id, password: hash, updatedAt: now },
      });
    const sessions = await transaction.session.deleteMany({ where: { userId: user.id } });
    return { userId: user.id, email: user.email, sessionsEnded: sessions.count };
  });
}
