import PDFDocument from 'pdfkit';
import { loadFonts } from './fonts.ts';

/** A column of the table: `width` in points, texts set to its left or right edge. */
export interface Column {
  title: string;
  width: number;
  align: 'left' | 'right';
}

/** A cell: its text, and smaller lines below it. */
export interface Cell {
  text: string;
  below?: readonly string[];
}

export interface SheetFacts {
  title: string;
  author: string;
  language: string;
  /** Stands in the file instead of the time it was made, so that the same invoice gives the same bytes. */
  at: Date;
}

const margin = 48;
const bottom = 60;
const grey = '#5c6470';
const rule = '#c8ccd2';
const gap = 10;

/** Pages of A4 with a table that goes on over them. Positions are in points from the upper left corner. */
export class Sheet {
  readonly document: PDFKit.PDFDocument;
  readonly left = margin;
  readonly width: number;
  readonly #bytes: Promise<Buffer>;
  #running: () => void = () => {};

  constructor({ title, author, language, at }: SheetFacts) {
    const { regular, bold } = loadFonts();
    this.document = new PDFDocument({
      size: 'A4',
      margins: { top: margin, left: margin, right: margin, bottom },
      bufferPages: true,
      lang: language,
      displayTitle: true,
      info: { Title: title, Author: author, Creator: 'Bulkhead', Producer: 'pdfkit', CreationDate: at, ModDate: at },
    });
    this.document.registerFont('regular', regular);
    this.document.registerFont('bold', bold);
    this.width = this.document.page.width - 2 * margin;
    const chunks: Buffer[] = [];
    this.document.on('data', (chunk: Buffer) => chunks.push(chunk));
    this.#bytes = new Promise((resolve, reject) => {
      this.document.on('end', () => resolve(Buffer.concat(chunks)));
      this.document.on('error', reject);
    });
    this.style();
  }

  style(face: 'regular' | 'bold' = 'regular', size = 9, color = '#111111'): this {
    this.document.font(face).fontSize(size).fillColor(color);
    return this;
  }

  get y(): number {
    return this.document.y;
  }

  set y(value: number) {
    this.document.y = value;
  }

  /** A text in a box; the cursor moves below it. */
  text(text: string, options: { x?: number; width?: number; align?: 'left' | 'right' } = {}): this {
    const { x = this.left, width = this.width, align = 'left' } = options;
    this.document.text(text, x, this.document.y, { width, align });
    return this;
  }

  line(color = rule): this {
    const { y } = this.document;
    this.document
      .moveTo(this.left, y)
      .lineTo(this.left + this.width, y)
      .lineWidth(0.6)
      .strokeColor(color)
      .stroke();
    return this;
  }

  /** What is drawn at the top of each page that follows. */
  onNewPage(draw: () => void): void {
    this.#running = draw;
  }

  newPage(): void {
    this.document.addPage();
    this.y = margin;
    this.#running();
  }

  /** Goes on to the next page where less than this is left. */
  need(height: number): void {
    if (this.y + height > this.document.page.height - bottom) this.newPage();
  }

  #xOf(columns: readonly Column[], index: number): number {
    return this.left + columns.slice(0, index).reduce((sum, { width }) => sum + width, 0);
  }

  head(columns: readonly Column[]): void {
    this.style('bold', 8, grey);
    const { y } = this;
    const height = Math.max(...columns.map(({ title, width }) => this.document.heightOfString(title, { width: width - gap })));
    for (const [index, { title, width, align }] of columns.entries()) {
      this.y = y;
      const x = this.#xOf(columns, index);
      this.text(title, { x: align === 'right' ? x + gap : x, width: width - gap, align });
    }
    this.y = y + height + 3;
    this.line('#111111');
    this.y += 4;
  }

  /** A row, whole on one page. */
  row(columns: readonly Column[], cells: readonly Cell[]): void {
    const heightOf = ({ text, below = [] }: Cell, width: number): number => {
      const own = this.style().document.heightOfString(text, { width });
      return below.reduce((sum, line) => sum + this.style('regular', 7.5).document.heightOfString(line, { width }), own);
    };
    const height = Math.max(...cells.map((cell, index) => heightOf(cell, (columns[index]?.width ?? 0) - gap)));
    this.need(height + 6);
    const { y } = this;
    for (const [index, { text, below = [] }] of cells.entries()) {
      const column = columns[index];
      if (column === undefined) continue;
      this.y = y;
      const x = this.#xOf(columns, index) + (column.align === 'right' ? gap : 0);
      const box = { x, width: column.width - gap, align: column.align };
      this.style().text(text, box);
      for (const line of below) this.style('regular', 7.5, grey).text(line, box);
    }
    this.y = y + height + 3;
    this.line();
    this.y += 3;
  }

  /** Closes the file. `footer` is drawn on each page, told its number and how many there are. */
  async end(footer: (page: number, of: number) => { left: string; right: string }): Promise<Buffer> {
    const { count } = this.document.bufferedPageRange();
    for (let page = 0; page < count; page += 1) {
      this.document.switchToPage(page);
      const { left, right } = footer(page + 1, count);
      // Below the margin, where pdfkit would begin another page.
      const { margins } = this.document.page;
      margins.bottom = 0;
      this.y = this.document.page.height - 40;
      this.line();
      this.y += 5;
      const { y } = this;
      this.style('regular', 7.5, grey).text(left);
      this.y = y;
      this.text(right, { align: 'right' });
      margins.bottom = bottom;
    }
    this.document.end();
    return await this.#bytes;
  }
}
