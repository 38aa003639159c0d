// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to be made visible
const controlCharacters = /[\u0000-\u001f\u007f-\u009f]/g;

/** Makes text of others safe to show: a container's command may hold terminal escapes. */
export const toVisible = (text: string): string =>
  text.replace(controlCharacters, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);

/** How many columns of a terminal a text takes: characters of East Asia take two. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += /[\p{scx=Han}\u3000-\u303f\uff00-\uff60]/u.test(character) ? 2 : 1;
  return width;
}

/** The text with spaces behind it, up to a width on the screen. */
export const padTo = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - displayWidth(text)));

/** Columns padded to their widest cell, two spaces between; the last column is not padded. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows.map((row) => row.map(toVisible))];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => displayWidth(line[column] ?? ''))));
  return lines
    .map((line) => `${line.map((cell, column) => (column === line.length - 1 ? cell : padTo(cell, widths[column] ?? 0))).join('  ')}\n`)
    .join('');
}
