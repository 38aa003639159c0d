import { createHash, randomBytes } from 'node:crypto';
import type { SetupFile } from '@bulkhead/model';
import type { UserIds } from './users.ts';
import { writeFileAtomically } from './write-file.ts';

const lifetimeMsec = 3_600_000;

/** Makes the one-time link's token. Only its hash is stored; the token stands in the printed link and nowhere else. */
export async function writeSetupFile(path: string, owner: UserIds, workDirectory: string): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  const content: SetupFile = {
    tokenSha256: createHash('sha256').update(token).digest('hex'),
    expiresAtMsec: Date.now() + lifetimeMsec,
  };
  await writeFileAtomically(path, `${JSON.stringify(content)}\n`, { mode: 0o400, uid: owner.uid, gid: owner.gid, workDirectory });
  return token;
}
