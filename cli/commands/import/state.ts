import type { EntityContract } from 'freshet-aws/internal/core/contract/contract';
import { jsonLoss } from '../../exact-json.ts';
import type { Row } from './rows.ts';

/** A row as an entity to put at the owner, or the problem with the row. */
export type Entity = { readonly place: string } & (
  | { readonly id: string; readonly state: Readonly<Record<string, unknown>> }
  | { readonly problem: string }
);

/** How a row becomes an entity. */
export interface RowMapping {
  /** The field that holds the id. */
  readonly idField: string;
  /** Whether that field is also part of the state. */
  readonly keepId: boolean;
}

/** Makes an entity from a row. The cells of a CSV row are converted to the types that the schema needs. */
export async function toEntity(contract: EntityContract, row: Row, { idField, keepId }: RowMapping): Promise<Entity> {
  if ('problem' in row) return row;
  const { place, fields } = row;
  if (!Object.hasOwn(fields, idField)) {
    return {
      place,
      problem: `no id field ${idField}. Fields of the row: ${Object.keys(fields).slice(0, 20).join(', ') || 'none'}`,
    };
  }
  const { [idField]: id, ...rest } = fields;
  if (typeof id !== 'string' && typeof id !== 'number')
    return { place, problem: `${idField}: an id must be a text or a number` };
  if (typeof id === 'number' && !Number.isSafeInteger(id)) {
    return { place, problem: `${idField}: not an id: ${id}. Allowed: a text, or an integer up to 2^53 - 1` };
  }
  const state = keepId ? fields : rest;
  if (!row.cells) return { place, id: String(id), state };
  const cells = await readCells(contract, state);
  return 'problem' in cells ? { place, problem: cells.problem } : { place, id: String(id), state: cells.state };
}

/**
 * Converts CSV cells, which are text. If the schema refuses the text, the cell is read as JSON (a number, `true`, an
 * array), or left out if it is empty. If the schema refuses that as well, the owner explains why. If reading a cell as
 * JSON would change its value, the row has a problem.
 */
async function readCells(
  contract: EntityContract,
  cells: Readonly<Record<string, unknown>>,
): Promise<{ readonly state: Readonly<Record<string, unknown>> } | { readonly problem: string }> {
  const refused = await refusedColumns(contract, cells);
  const entries: [string, unknown][] = [];
  for (const [column, cell] of Object.entries(cells)) {
    if (!refused.has(column)) entries.push([column, cell]);
    else if (cell !== '') {
      const read = jsonOrText(String(cell));
      if ('problem' in read) return { problem: `${column}${read.path}: ${read.problem}` };
      entries.push([column, read.value]);
    }
  }
  return { state: Object.fromEntries(entries) };
}

async function refusedColumns(
  contract: EntityContract,
  cells: Readonly<Record<string, unknown>>,
): Promise<Set<string>> {
  const { issues = [] } = await contract.schema['~standard'].validate(cells);
  return new Set(
    issues.flatMap(({ path = [] }) => {
      const [first] = path;
      const column = typeof first === 'object' ? first.key : first;
      return typeof column === 'string' ? [column] : [];
    }),
  );
}

function jsonOrText(cell: string): { readonly value: unknown } | { readonly path: string; readonly problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(cell);
  } catch {
    return { value: cell };
  }
  const loss = jsonLoss(cell);
  if (loss === undefined) return { value };
  return { path: loss.path === '' || loss.path.startsWith('[') ? loss.path : `.${loss.path}`, problem: loss.problem };
}
