import type { EntityContract } from 'freshet-aws/internal/core/contract/contract';
import { jsonLoss } from '../../exact-json.ts';
import type { Row } from './rows.ts';

/** A row as an entity to put at the owner, the problem with the row, or a deleted entity, which is left out. */
export type Entity = { readonly place: string } & (
  | { readonly id: string; readonly state: Readonly<Record<string, unknown>> }
  | { readonly problem: string }
  | { readonly deleted: true }
);

/** How a row becomes an entity. */
export interface RowMapping {
  /** The field that holds the id. */
  readonly idField: string;
  /** Whether that field is also part of the state. */
  readonly keepId: boolean;
}

/** Makes an entity from a row. @param mapping `export` for the lines of `freshet export` */
export async function toEntity(contract: EntityContract, row: Row, mapping: RowMapping | 'export'): Promise<Entity> {
  if ('problem' in row) return row;
  return mapping === 'export' ? exported(contract, row) : mapped(contract, row, mapping);
}

/** Makes an entity from a line of `freshet export`. Its version and time are those of the exported deployment. */
function exported({ type }: EntityContract, { place, fields }: ReadRow): Entity {
  const { id, data, deleted, type: given = type, fields: kept } = fields;
  const missing = ['id', 'data'].find((field) => !Object.hasOwn(fields, field));
  if (missing !== undefined) {
    const help = 'For other rows, pass --id with the field of the id';
    return { place, problem: `not a line of freshet export (no field ${missing}). ${help}` };
  }
  if (given !== type) return { place, problem: `an entity of type ${String(given)}. Expected: ${type}` };
  if (deleted === true) return { place, deleted };
  if (Array.isArray(kept)) {
    const lost =
      'An import would remove its other fields. Export from the owner, or from a cache that keeps all fields';
    return { place, problem: `the cache keeps only the fields ${kept.join(', ')} of ${type}. ${lost}` };
  }
  if (typeof id !== 'string') return { place, problem: 'id: not a text' };
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    return { place, problem: 'data: not an object' };
  return { place, id, state: data as Readonly<Record<string, unknown>> };
}

/** A row that could be read. */
type ReadRow = Exclude<Row, { readonly problem: string }>;

/** Makes an entity from a row. The cells of a CSV row are converted to the types that the schema needs. */
async function mapped(contract: EntityContract, row: ReadRow, { idField, keepId }: RowMapping): Promise<Entity> {
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
