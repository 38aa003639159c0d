import {
  type Fd,
  hasErrno,
  inodeOf,
  namespaceTable,
  ns_get_nstype,
  ns_get_owner_uid,
  ns_get_parent,
  ns_get_userns,
  openPath,
} from '@bulkhead/kernel';
import type { NamespaceType } from '@bulkhead/model';
import type { NamespaceRelations, RelationsReader } from './inventory.ts';

type Outer = NamespaceRelations['outer'][number];

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

function relationsOf(fd: Fd, type: NamespaceType, isKnown: (ino: number) => boolean, outer: Outer[]): Omit<NamespaceRelations, 'outer'> {
  const relations: Omit<NamespaceRelations, 'outer'> = {};
  /** Of those that are not known yet, their own are asked too: one that only a child keeps alive is found in no other way. */
  const follow = (found: Fd): number => {
    const ino = inodeOf(found);
    if (!isKnown(ino) && !outer.some((each) => each.ino === ino)) {
      const foundType = typeOfFlag.get(ns_get_nstype(found)) ?? type;
      const each: Outer = { ino, type: foundType, relations: {} };
      outer.push(each);
      each.relations = relationsOf(found, foundType, isKnown, outer);
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

/**
 * Asks a namespace for its owner and its parent, and those that are not known for theirs. It is opened, not entered.
 * Where another one is found at the path meanwhile, nothing is told.
 */
export const readRelations: RelationsReader = (path, ino, type, isKnown) => {
  const outer: Outer[] = [];
  try {
    using fd = openPath(path);
    if (inodeOf(fd) !== ino) return { outer };
    return { ...relationsOf(fd, type, (each) => each === ino || isKnown(each), outer), outer };
  } catch (failure) {
    if (hasErrno(failure, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'ENXIO', 'ELOOP', 'ENOTDIR')) return { outer };
    throw failure;
  }
};
