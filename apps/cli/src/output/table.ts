// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to be made visible
const controlCharacters = /[\u0000-\u001f\u007f-\u009f]/g;

/** Makes text of others safe to show: a container's command may hold terminal escapes. */
export const toVisible = (text: string): string =>
  text.replace(controlCharacters, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);

/** Columns padded to their widest cell, two spaces between; the last column is not padded. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows.map((row) => row.map(toVisible))];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) => `${line.map((cell, column) => (column === line.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('  ')}\n`)
    .join('');
}
