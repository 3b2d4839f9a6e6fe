import type { EntityContract } from 'freshet-aws/internal/core/contract/contract';
import { quoted } from 'freshet-aws/internal/core/errors';
import { jsonLoss } from '../../exact-json.ts';
import type { Place } from '../../files/place.ts';
import type { Row } from '../../files/row.ts';

/**
 * A row as an entity to put at the owner, the problem with the row, or a deleted entity, which is left out.
 * `isUnmapped`: the row lacks the fields that the mapping needs.
 */
export type Entity = { readonly place: Place } & (
  | { readonly id: string; readonly state: Readonly<Record<string, unknown>> }
  | { readonly problem: string; readonly isUnmapped?: true }
  | { readonly id: string; readonly deleted: true }
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

/** Makes an entity from a record of `freshet export`. Its version and time are those of the exported deployment. */
function exported({ type }: EntityContract, { place, fields, cells }: ReadRow): Entity {
  const { id, type: given = type, fields: kept } = fields;
  const missing = ['id', 'data'].find((field) => !Object.hasOwn(fields, field));
  if (missing !== undefined) {
    const help = 'For other rows, pass --id with the field of the id';
    return { place, problem: `not from freshet export (no field ${missing}). ${help}`, isUnmapped: true };
  }
  if (given !== type) return { place, problem: `an entity of type ${shortText(given)}. Expected: ${type}` };
  if (typeof id !== 'string') return { place, problem: 'id: not a text' };
  if (fields.deleted === true || (cells && fields.deleted === 'true')) return { place, id, deleted: true };
  if (Array.isArray(kept) || (cells && kept !== undefined && kept !== '')) {
    const lost =
      'An import would remove its other fields. Export from the owner, or from a cache that keeps all fields';
    return { place, problem: `the cache keeps only the fields ${shortText(kept)} of ${type}. ${lost}` };
  }
  const read = cells ? jsonOrText(String(fields.data)) : { value: fields.data };
  if ('problem' in read) return { place, problem: `data${read.path}: ${read.problem}` };
  const { value } = read;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { place, problem: 'data: not an object' };
  return { place, id, state: value as Readonly<Record<string, unknown>> };
}

/** A value for a message: a text as it is, and a list with commas. */
function shortText(value: unknown): string {
  return Array.isArray(value)
    ? value.join(', ')
    : typeof value === 'string'
      ? quoted(value).slice(1, -1)
      : quoted(value);
}

/** A row that could be read. */
type ReadRow = Exclude<Row, { readonly problem: string }>;

/** Makes an entity from a row. The cells of a CSV row are converted to the types that the schema needs. */
async function mapped(contract: EntityContract, row: ReadRow, { idField, keepId }: RowMapping): Promise<Entity> {
  const { place, fields } = row;
  if (!Object.hasOwn(fields, idField)) {
    const names = Object.keys(fields).slice(0, 20).join(', ') || 'none';
    return { place, problem: `no id field ${idField}. Fields of the row: ${names}`, isUnmapped: true };
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
