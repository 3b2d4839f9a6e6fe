import type { EntityContract } from 'freshet-aws/internal/core/contract/contract';
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

/** Makes an entity of a row. The cells of a CSV row are converted to what the schema needs. */
export async function toEntity(contract: EntityContract, row: Row, { idField, keepId }: RowMapping): Promise<Entity> {
  if ('problem' in row) return row;
  const { place, fields } = row;
  if (!Object.hasOwn(fields, idField)) {
    return {
      place,
      problem: `the row has no field ${idField}. Its fields: ${Object.keys(fields).slice(0, 20).join(', ') || 'none'}`,
    };
  }
  const { [idField]: id, ...rest } = fields;
  if (typeof id !== 'string' && typeof id !== 'number')
    return { place, problem: `${idField}: an id must be a text or a number` };
  const state = keepId ? fields : rest;
  return { place, id: String(id), state: row.cells ? await readCells(contract, state) : state };
}

/**
 * Converts CSV cells, which are text. If the schema refuses the text, the cell is read as JSON (a number, `true`, an
 * array), or left out if it is empty. If the schema refuses that as well, the owner explains why.
 */
async function readCells(
  contract: EntityContract,
  cells: Readonly<Record<string, unknown>>,
): Promise<Readonly<Record<string, unknown>>> {
  const refused = await refusedColumns(contract, cells);
  if (refused.size === 0) return cells;
  const entries = Object.entries(cells).flatMap(([column, cell]) => {
    if (!refused.has(column)) return [[column, cell] as const];
    return cell === '' ? [] : [[column, jsonOrText(cell)] as const];
  });
  return Object.fromEntries(entries);
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

function jsonOrText(cell: unknown): unknown {
  try {
    return JSON.parse(String(cell));
  } catch {
    return cell;
  }
}
