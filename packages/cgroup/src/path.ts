import { Problem } from '@bulkhead/model';

/** Path of a group with the parents it lies below, outermost first: `a/b/c` gives `a`, `a/b`. */
export const parentsOf = (path: string): string[] => {
  const parts = path.split('/');
  return parts.slice(1).map((_part, index) => parts.slice(0, index + 1).join('/'));
};

/** The path one up; '' is the root of the hierarchy. */
export const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

/**
 * Holds a path to plain names relative to a mount point: no step out of the hierarchy, and no file of a group by the name
 * of a directory.
 */
export function checkPath(path: string): string {
  const parts = path.split('/');
  const isPlain = (part: string) => /^[A-Za-z0-9._-]{1,255}$/.test(part) && part !== '.' && part !== '..';
  if (path.length > 3000 || parts.length > 32 || !parts.every(isPlain)) {
    throw new Problem('invalid', `${JSON.stringify(path)} is not a path of a control group`, {
      remedy: 'Use names of letters, digits, ".", "_" and "-", with "/" between them and none in front.',
    });
  }
  return path;
}

/** Holds a path of somebody else's group to a step down from the mount point: their names may have any character but these. */
export function checkForeignPath(path: string): string {
  const parts = path.split('/');
  if (path.length <= 4095 && parts.every((part) => part !== '' && part !== '.' && part !== '..' && !part.includes('\0'))) return path;
  throw new Problem('invalid', `${JSON.stringify(path)} is not a path of a control group`);
}
