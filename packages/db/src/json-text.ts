/** JSON that PostgreSQL takes: its jsonb holds neither NUL nor half a surrogate pair, and one such text must not stop a journal. */
export function toJsonText(value: unknown): string {
  return JSON.stringify(value, (_, part) => (typeof part === 'string' ? part.toWellFormed().replaceAll('\0', '\ufffd') : part));
}
