import type { Caller, controlContract } from '@bulkhead/api';
import type { HandlersOf } from '@bulkhead/api/router';
import { addUser, listUsers, removeUser, resetUser } from '@bulkhead/db';
import type { User } from '@bulkhead/model';
import type { Services } from './services.ts';

export function userHandlers({ database, log }: Services): HandlersOf<typeof controlContract>['user'] {
  const note = (caller: Caller, user: User, what: string) => log.info({ by: caller.subject, user: user.id, email: user.email }, what);
  return {
    list: () => listUsers(database),
    async add({ caller, input }) {
      const made = await addUser(database, input);
      note(caller, made.user, 'a user was added');
      return made;
    },
    async reset({ caller, input }) {
      const made = await resetUser(database, input.user);
      note(caller, made.user, 'a one-time link was made for a user');
      return made;
    },
    async remove({ caller, input }) {
      const user = await removeUser(database, input.user);
      note(caller, user, 'a user was removed');
      return { user };
    },
  };
}
