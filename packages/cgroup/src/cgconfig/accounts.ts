/** Names of users and groups of a host with their ids, out of /etc/passwd and /etc/group as text. */
export interface Accounts {
  uid(name: string): number | undefined;
  gid(name: string): number | undefined;
  userName(uid: number): string | undefined;
  groupName(gid: number): string | undefined;
}

/** The third field of `name:password:id:…` (passwd(5), group(5)); the first line of a name or id counts. */
function parseIds(text: string): { byName: Map<string, number>; byId: Map<number, string> } {
  const byName = new Map<string, number>();
  const byId = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name = '', , id = ''] = line.split(':');
    if (name === '' || !/^\d{1,10}$/.test(id)) continue;
    if (!byName.has(name)) byName.set(name, Number(id));
    if (!byId.has(Number(id))) byId.set(Number(id), name);
  }
  return { byName, byId };
}

/** @param passwd contents of passwd(5) @param group contents of group(5) */
export function parseAccounts({ passwd, group }: { passwd: string; group: string }): Accounts {
  const [users, groups] = [parseIds(passwd), parseIds(group)];
  return {
    uid: (name) => users.byName.get(name),
    gid: (name) => groups.byName.get(name),
    userName: (uid) => users.byId.get(uid),
    groupName: (gid) => groups.byId.get(gid),
  };
}

/** (uid_t) -1 means "leave it" to chown(2). */
const greatestId = 4_294_967_294;

/** An id as digits or by its name; undefined where there is none of it. */
export function resolveId(text: string, byName: (name: string) => number | undefined): number | undefined {
  const named = byName(text);
  if (named !== undefined) return named;
  return /^\d{1,10}$/.test(text) && Number(text) <= greatestId ? Number(text) : undefined;
}
