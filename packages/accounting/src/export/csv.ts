/** A column of a CSV file. Numbers are told apart so that a minus sign before one is no formula. */
export interface CsvColumn<T> {
  name: string;
  kind: 'text' | 'number';
  /** undefined: nothing is there. */
  of: (row: T) => string | undefined;
}

const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

/** RFC 4180: comma, CRLF, quotes where they are needed. */
export const toCsv = (rows: readonly (readonly string[])[]): string => rows.map((cells) => `${cells.map(quoted).join()}\r\n`).join('');

/** A cell that a spreadsheet would take for a formula gets an apostrophe before it, which it shows as text. */
export const guardCell = (cell: string): string => (/^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell);

/** A CSV file for people and their spreadsheets. Throws RangeError for a number that is none. */
export function toPlainCsv<T>(columns: readonly CsvColumn<T>[], rows: readonly T[]): string {
  const cell = ({ name, kind, of }: CsvColumn<T>, row: T): string => {
    const value = of(row) ?? '';
    if (kind === 'text') return guardCell(value);
    if (value !== '' && !/^-?\d+(?:\.\d+)?$/.test(value)) throw new RangeError(`${name}: ${JSON.stringify(value)} is no number`);
    return value;
  };
  return toCsv([columns.map(({ name }) => name), ...rows.map((row) => columns.map((column) => cell(column, row)))]);
}

/** Reads RFC 4180 text into cells. Throws SyntaxError with the line where a quote is out of place. */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let cells: string[] = [];
  const plainCell = /[^,\r\n]*/y;
  let position = 0;
  let line = 1;
  const fail = (what: string): never => {
    throw new SyntaxError(`line ${line}: ${what}`);
  };
  while (position < text.length) {
    let cell = '';
    if (text[position] === '"') {
      for (position += 1; ; ) {
        const end = text.indexOf('"', position);
        if (end < 0) fail('a quote is not closed');
        cell += text.slice(position, end);
        position = end + 1;
        if (text[position] !== '"') break;
        cell += '"';
        position += 1;
      }
      line += cell.split('\n').length - 1;
    } else {
      plainCell.lastIndex = position;
      const [plain = ''] = plainCell.exec(text) ?? [];
      if (plain.includes('"')) fail('a quote stands inside of a plain cell');
      cell = plain;
      position += plain.length;
    }
    cells.push(cell);
    if (text[position] === ',') {
      position += 1;
      if (position < text.length) continue;
      cells.push('');
    } else if (text.startsWith('\r\n', position)) position += 2;
    else if (text[position] === '\n') position += 1;
    else if (position < text.length) fail(`${JSON.stringify(text[position])} follows a cell`);
    rows.push(cells);
    cells = [];
    line += 1;
  }
  return rows;
}
