/** A record of CSV, or the reason why it isn't one. */
export type Ended = { readonly cells: readonly string[] } | { readonly problem: string };

/** Splits the lines of one record after the other into cells. */
export interface CsvCells {
  /** Takes the next line of the record. Returns undefined if a quoted cell goes on in the line after it. */
  take(line: string, lineEnd: string): Ended | undefined;
  /** Says that the quote of the current cell isn't closed. */
  openQuote(): string;
  /** Begins the next record. */
  reset(): void;
}

const QUOTE = '"';

/** @param delimiter one character between two cells */
export function createCsvCells(delimiter: string): CsvCells {
  let cells: string[] = [];
  /** The part of the current quoted cell in the lines before; undefined outside of quotes. */
  let quotedCell: string | undefined;

  const column = () => `column ${cells.length + 1}`;

  /** Reads the quoted cell from a position. Returns the position after it; undefined if the line ends inside it. */
  const takeQuoted = (line: string, lineEnd: string, from: number): number | undefined => {
    for (let at = from; ; ) {
      const quote = line.indexOf(QUOTE, at);
      if (quote === -1) {
        quotedCell += line.slice(at) + lineEnd;
        return undefined;
      }
      quotedCell += line.slice(at, quote);
      if (line[quote + 1] !== QUOTE) return quote + 1;
      quotedCell += QUOTE;
      at = quote + 2;
    }
  };

  return {
    openQuote: () => `the quote that begins ${column()} is not closed.`,
    reset() {
      cells = [];
      quotedCell = undefined;
    },
    take(line, lineEnd) {
      let at = 0;
      for (;;) {
        if (quotedCell === undefined && line[at] === QUOTE) {
          quotedCell = '';
          at += 1;
        }
        let end: number;
        if (quotedCell === undefined) {
          const found = line.indexOf(delimiter, at);
          end = found === -1 ? line.length : found;
          const cell = line.slice(at, end);
          if (cell.includes(QUOTE)) return { problem: `${column()}: a quote in a cell that is not quoted. ${ALLOWED}` };
          cells.push(cell);
        } else {
          const after = takeQuoted(line, lineEnd, at);
          if (after === undefined) return undefined;
          if (after < line.length && line[after] !== delimiter) {
            return { problem: `${column()}: text after the quote that closes the cell. ${ALLOWED}` };
          }
          cells.push(quotedCell);
          quotedCell = undefined;
          end = after;
        }
        if (end === line.length) return { cells };
        at = end + 1;
      }
    },
  };
}

const ALLOWED = 'Allowed: quotes around the whole cell, with each quote inside it given twice';
