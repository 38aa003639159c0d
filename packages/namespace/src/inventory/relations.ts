import {
  type Fd,
  hasErrno,
  inodeOf,
  type NamespaceAsker,
  namespaceTable,
  ns_get_nstype,
  ns_get_owner_uid,
  ns_get_parent,
  ns_get_userns,
  openAsPath,
  openNamespaceLink,
  reopen,
} from '@bulkhead/kernel';
import type { NamespaceType } from '@bulkhead/model';

/** What the ioctls of ioctl_nsfs(2) tell of a namespace; an absent field could not be read. */
export interface NamespaceRelations {
  /** Of a mount namespace: its number for listmount(2). */
  mountNamespaceId?: bigint;
  /** User namespace that owns it. */
  owner?: number;
  /** Next outer one, of a pid or user namespace. */
  parent?: number;
  ownerUid?: number;
}

export interface OuterNamespace {
  ino: number;
  type: NamespaceType;
  relations: NamespaceRelations;
}

export interface FoundRelations extends NamespaceRelations {
  /** Outer ones that were not known yet, from the inside out. */
  outer: readonly OuterNamespace[];
}

/**
 * Where a namespace can be opened. A `link` is /proc/<pid>/ns/<type>, which leads to a namespace and nowhere else; any
 * other path may lead elsewhere by the time it is followed.
 */
export interface NamespacePlace {
  path: string;
  link: boolean;
  /** Set where it is the namespace of a main thread. */
  pid?: number;
}

const typeOfFlag = new Map(namespaceTable.map((row) => [Number(row.flag), row.type as NamespaceType]));

/** @returns undefined where there is none that we may see: EPERM for what lies outside of our own */
function ask(question: () => Fd): Fd | undefined {
  try {
    return question();
  } catch (failure) {
    if (hasErrno(failure, 'EPERM', 'EINVAL', 'ENOTTY', 'EACCES')) return undefined;
    throw failure;
  }
}

function relationsOf(fd: Fd, type: NamespaceType, isKnown: (ino: number) => boolean, outer: OuterNamespace[]): NamespaceRelations {
  const relations: NamespaceRelations = {};
  /** Of those that are not known yet, their own are asked too: one that only a child keeps alive is found in no other way. */
  const follow = (found: Fd): number => {
    const { ino } = inodeOf(found);
    if (!isKnown(ino) && !outer.some((each) => each.ino === ino)) {
      const each: OuterNamespace = { ino, type: typeOfFlag.get(ns_get_nstype(found)) ?? type, relations: {} };
      outer.push(each);
      each.relations = relationsOf(found, each.type, isKnown, outer);
    }
    return ino;
  };
  using owner = ask(() => ns_get_userns(fd));
  if (owner !== undefined) relations.owner = follow(owner);
  if (type === 'user') {
    // The owner of a user namespace is its parent (ioctl_nsfs(2)).
    if (relations.owner !== undefined) relations.parent = relations.owner;
    relations.ownerUid = ns_get_owner_uid(fd);
  } else if (type === 'pid') {
    using parent = ask(() => ns_get_parent(fd));
    if (parent !== undefined) relations.parent = follow(parent);
  }
  return relations;
}

function openPlace({ path, link }: NamespacePlace, ino: number, deviceMinor: number): Fd | undefined {
  if (link) {
    using pending = new DisposableStack();
    const opened = pending.use(openNamespaceLink(path));
    if (inodeOf(opened).ino !== ino) return undefined;
    pending.move();
    return opened;
  }
  using place = openAsPath(path);
  const found = inodeOf(place);
  return found.ino === ino && found.minor === deviceMinor ? reopen(place) : undefined;
}

/** The short way, where all that is found is known already. @returns undefined where the long way is to be gone */
export function askRelations(
  asker: NamespaceAsker,
  { pid }: NamespacePlace,
  { ino, type }: { ino: number; type: NamespaceType },
  isKnown: (ino: number) => boolean,
): NamespaceRelations | undefined {
  const found = pid === undefined ? undefined : asker.ask(pid, type);
  if (found === undefined || found.ino !== ino) return undefined;
  const { owner, parent, ownerUid, mountNamespaceId } = found;
  if (![owner, parent].every((each) => each === 0 || each === ino || isKnown(each))) return undefined;
  return {
    ...(owner === 0 ? {} : { owner }),
    ...(parent === 0 ? {} : { parent }),
    ...(type === 'user' ? { ownerUid } : {}),
    ...(mountNamespaceId === 0n ? {} : { mountNamespaceId }),
  };
}

/**
 * Asks a namespace for its owner and its parent, and those that are not known for theirs. It is opened, not joined. Where
 * something else is found at the place meanwhile, nothing is told.
 */
export function readRelations(
  place: NamespacePlace,
  { ino, type }: { ino: number; type: NamespaceType },
  deviceMinor: number,
  isKnown: (ino: number) => boolean,
): FoundRelations {
  const outer: OuterNamespace[] = [];
  try {
    using fd = openPlace(place, ino, deviceMinor);
    if (fd === undefined) return { outer };
    return { ...relationsOf(fd, type, (each) => each === ino || isKnown(each), outer), outer };
  } catch (failure) {
    if (hasErrno(failure, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'ELOOP', 'ENOTDIR')) return { outer };
    throw failure;
  }
}
