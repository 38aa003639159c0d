import { namespaceTable } from '@bulkhead/kernel';
import { NamespaceType } from '@bulkhead/model';

const rows = new Map(namespaceTable.map((row) => [row.type as NamespaceType, row]));
const indices = new Map(NamespaceType.options.map((type, index) => [type, index]));

/** Name below /proc/<pid>/ns. */
export const linkNameOf = (type: NamespaceType): string => rows.get(type)?.procName ?? type;

/** Where a type stands in a set of namespaces. */
export const indexOfType = (type: NamespaceType): number => indices.get(type) ?? -1;

/** The type of a link's target: `net:[4026531840]`. */
export const typeOfLink = (procName: string): NamespaceType | undefined =>
  namespaceTable.find((row) => row.procName === procName)?.type as NamespaceType | undefined;
