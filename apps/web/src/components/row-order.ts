/**
 * Order of rows while somebody points at them: those that were there stay where they are, new ones come first, so that
 * they are seen and push nothing under the pointer to another place than one row down each.
 */
export function heldOrder<T>(before: readonly string[], rows: readonly T[], idOf: (row: T) => string): T[] {
  const byId = new Map(rows.map((row) => [idOf(row), row]));
  const known = new Set(before);
  const stayed = before.flatMap((id) => {
    const row = byId.get(id);
    return row === undefined ? [] : [row];
  });
  return [...rows.filter((row) => !known.has(idOf(row))), ...stayed];
}
