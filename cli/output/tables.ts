import Table from 'cli-table3';
import { shortened } from './width.ts';

/** A column of figures. */
export interface Column<Row> {
  readonly head: string;
  readonly of: (row: Row) => string;
  /** Left out if the value is zero or unknown in all rows. */
  readonly optional?: true;
  /** Default: right. */
  readonly align?: 'left';
}

/** The column of the rows' names, which each table repeats. */
export interface NameColumn<Row> {
  readonly head: string;
  readonly of: (row: Row) => string;
}

const NOTHING = ['0', '-', '0%', '0s'];

/** The part of the width that a name may take. The middle of a longer name is left out. */
const NAME_SHARE = 1 / 4;

/** Characters of a column beside its text: a border and two spaces. */
const PADDING = 3;

/** Draws the rows in as few tables as fit into the width. Figures are never cut. */
export function fittingTables<Row>(
  rows: readonly Row[],
  name: NameColumn<Row>,
  columns: readonly Column<Row>[],
  width: number,
): string {
  const shown = columns.filter(({ of, optional }) => !optional || rows.some((row) => !NOTHING.includes(of(row))));
  const longest = Math.floor(width * NAME_SHARE);
  const names: Column<Row> = { head: name.head, of: (row) => shortened(name.of(row), longest), align: 'left' };
  const widthOf = ({ head, of }: Column<Row>) => PADDING + Math.max(head.length, ...rows.map((row) => of(row).length));
  const room = width - 1 - widthOf(names);
  const tables: Column<Row>[][] = [[]];
  let used = 0;
  for (const column of shown) {
    const its = widthOf(column);
    if (used > 0 && used + its > room) {
      tables.push([]);
      used = 0;
    }
    tables.at(-1)?.push(column);
    used += its;
  }
  return tables.map((some) => drawn(rows, [names, ...some])).join('\n');
}

function drawn<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const table = new Table({
    head: columns.map(({ head }) => head),
    colAligns: columns.map(({ align }) => align ?? 'right'),
    style: { head: [], border: [] },
  });
  for (const row of rows) table.push(columns.map(({ of }) => of(row)));
  return table.toString();
}
