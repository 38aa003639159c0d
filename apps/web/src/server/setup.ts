import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync, unlinkSync } from 'node:fs';
import type { controlContract } from '@bulkhead/api';
import type { HandlersOf } from '@bulkhead/api/router';
import { openUserLink, setPasswordByLink } from '@bulkhead/db';
import { Problem, SetupFile } from '@bulkhead/model';
import { APIError } from 'better-auth/api';
import type { Services } from './services.ts';

/** Key of the advisory lock under which the first administrator is made: "setup" in ASCII. */
const setupLock = 0x7365747570n;

const invalidLink = (what: string) =>
  new Problem('forbidden', what, {
    remedy: 'run ./bulkhead up again on the host: it prints a new link as long as there is no administrator',
  });

function checkToken(file: string | undefined, token: string): void {
  let stored: SetupFile;
  try {
    if (file === undefined) throw new Error('no set-up file is configured');
    stored = SetupFile.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw Object.assign(invalidLink('this set-up link is not valid'), { cause });
  }
  const given = createHash('sha256').update(token).digest();
  if (!timingSafeEqual(given, Buffer.from(stored.tokenSha256, 'hex'))) throw invalidLink('this set-up link is not valid');
  if (Date.now() >= stored.expiresAtMsec) throw invalidLink('this set-up link is older than an hour');
}

export function setupHandlers({ auth, config, database, log }: Services): HandlersOf<typeof controlContract>['setup'] {
  const administrators = () => database.client.user.count({ where: { role: 'admin' } });
  return {
    state: async () => ({ needed: (await administrators()) === 0 }),
    async complete({ input }) {
      await database.client.$transaction(
        async (transaction) => {
          // Two browsers with one link: the second waits here and then finds an administrator.
          await transaction.$queryRaw`select 1 as locked from pg_advisory_xact_lock(${setupLock}::bigint)`;
          if ((await administrators()) > 0)
            throw new Problem('conflict', 'there is an administrator already', {
              remedy: 'sign in with that account',
            });
          checkToken(config.setupFile, input.token);
          try {
            await auth.api.createUser({ body: { email: input.email, name: input.name, password: input.password, role: 'admin' } });
          } catch (failure) {
            if (failure instanceof APIError && failure.statusCode < 500)
              throw new Problem('invalid', failure.message, { cause: new Error(failure.message) });
            throw failure;
          }
        },
        { timeout: 30_000 },
      );
      log.info('the first administrator was made');
      try {
        if (config.setupFile !== undefined) unlinkSync(config.setupFile);
      } catch (failure) {
        // The link is dead all the same: there is an administrator now.
        log.warn({ err: String(failure) }, 'the file of the set-up link could not be removed');
      }
      return {};
    },
    openLink: ({ input }) => openUserLink(database, input.token),
    async setPassword({ input }) {
      const hash = await (await auth.$context).password.hash(input.password);
      const { email, ...set } = await setPasswordByLink(database, input.token, hash);
      log.info(set, 'a password was set through a one-time link');
      return { email };
    },
  };
}
