import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { InstancePaths, VerifyKeys } from '@bulkhead/model';
import type { InstanceAccounts, UserIds } from './users.ts';
import { exists, writeFileAtomically } from './write-file.ts';

export interface SecretFiles {
  webSigningKey: string;
  collectorSigningKey: string;
  verifyKeys: string;
  authSecret: string;
}

async function ensureSigningKey(path: string, owner: UserIds, workDirectory: string): Promise<string> {
  if (!exists(path)) {
    const { privateKey } = generateKeyPairSync('ed25519');
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    await writeFileAtomically(path, pem, { mode: 0o400, uid: owner.uid, gid: owner.gid, workDirectory });
  }
  return createPublicKey(readFileSync(path, 'utf8')).export({ type: 'spki', format: 'pem' }).toString();
}

/**
 * Keys with which the dashboard and the collector sign what they ask of the agent, each readable by its owner alone,
 * and the agent's list of whom it believes. Made once; the list is written again at each `up`.
 */
export async function ensureSecrets(paths: InstancePaths, accounts: InstanceAccounts, workDirectory: string): Promise<SecretFiles> {
  const files: SecretFiles = {
    webSigningKey: `${paths.webState}/signing-key.pem`,
    collectorSigningKey: `${paths.collectorState}/signing-key.pem`,
    verifyKeys: `${paths.agentState}/verify-keys.json`,
    authSecret: `${paths.webState}/auth-secret`,
  };
  const keys: VerifyKeys = [
    {
      name: 'web',
      publicKeyPem: await ensureSigningKey(files.webSigningKey, accounts.web, workDirectory),
      roles: ['administrator', 'member'],
    },
    {
      name: 'collector',
      publicKeyPem: await ensureSigningKey(files.collectorSigningKey, accounts.collector, workDirectory),
      roles: ['collector'],
    },
  ];
  await writeFileAtomically(files.verifyKeys, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600, workDirectory });
  if (!exists(files.authSecret)) {
    const { uid, gid } = accounts.web;
    await writeFileAtomically(files.authSecret, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o400, uid, gid, workDirectory });
  }
  return files;
}

export interface RolePasswords {
  web: string;
  collector: string;
}

/** Passwords of the services' roles on a database server that is not ours; kept for root alone. */
export async function ensureRolePasswords(path: string): Promise<RolePasswords> {
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as RolePasswords;
  const passwords: RolePasswords = { web: randomBytes(24).toString('base64url'), collector: randomBytes(24).toString('base64url') };
  await writeFileAtomically(path, `${JSON.stringify(passwords)}\n`, { mode: 0o400 });
  return passwords;
}
