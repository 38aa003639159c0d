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
import { linkNameOf } from './namespace-types.ts';

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

export interface FoundRelations {
  relations: NamespaceRelations;
  /** Outer ones that were not known yet, from the inside out. */
  outer: readonly OuterNamespace[];
}

/**
 * Where a namespace can be opened. A `link` is /proc/<pid>/ns/<type>, which leads to a namespace and nowhere else; any
 * other path may lead elsewhere by the time it is followed.
 */
export interface NamespacePlace {
  readonly path: string;
  readonly link: boolean;
  /** Set where it is the namespace of a main thread. */
  readonly pid?: number | undefined;
}

/** A link below /proc; of thousands that are met, the path of hardly one is asked for. */
export class LinkPlace implements NamespacePlace {
  readonly link = true;
  readonly #process: number;
  readonly #type: NamespaceType;
  readonly #tid: number | undefined;

  /** @param tid of another thread than the main one */
  constructor(process: number, type: NamespaceType, tid?: number) {
    this.#process = process;
    this.#type = type;
    this.#tid = tid;
  }

  get path(): string {
    return `/proc/${this.#process}/${this.#tid === undefined ? '' : `task/${this.#tid}/`}ns/${linkNameOf(this.#type)}`;
  }

  get pid(): number | undefined {
    return this.#tid === undefined ? this.#process : undefined;
  }
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
 * As askRelations, with what a walk of the kernel told beside.
 *
 * @returns undefined where outer ones are not known and are to be asked themselves
 */
export function knownRelations(
  told: NamespaceRelations | undefined,
  ino: number,
  isKnown: (ino: number) => boolean,
): NamespaceRelations | undefined {
  if (told === undefined) return undefined;
  const isThere = (each: number | undefined): boolean => each === undefined || each === ino || isKnown(each);
  return isThere(told.owner) && isThere(told.parent) ? told : undefined;
}

/** What was told, where the outer ones cannot be asked: they are there, and nothing more is known of them. */
export function toldRelations(told: NamespaceRelations, type: NamespaceType, isKnown: (ino: number) => boolean): FoundRelations {
  const outer: OuterNamespace[] = [];
  if (told.parent !== undefined && !isKnown(told.parent)) outer.push({ ino: told.parent, type, relations: {} });
  if (told.owner !== undefined && told.owner !== told.parent && !isKnown(told.owner))
    outer.push({ ino: told.owner, type: 'user', relations: {} });
  return { relations: told, outer };
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
    if (fd === undefined) return { relations: {}, outer };
    return { relations: relationsOf(fd, type, (each) => each === ino || isKnown(each), outer), outer };
  } catch (failure) {
    if (hasErrno(failure, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'ELOOP', 'ENOTDIR')) return { relations: {}, outer };
    throw failure;
  }
}
