import type { EntityContract } from 'freshet-aws/internal/core/contract/contract';
import { quoted } from 'freshet-aws/internal/core/errors';
import { UsageError } from '../../errors.ts';
import { createIdTable } from '../../files/id-table.ts';
import { ordinalText } from '../../files/place.ts';
import type { Row } from '../../files/row.ts';
import { type Entity, type RowMapping, toEntity } from './state.ts';

/** So many rows without the id field, and none with it, mean that the option `--id` is wrong. */
const MAX_UNMAPPED = 100;

/**
 * Makes the entities of a file from its rows. Each id may be in a file once: in which order two states of one entity
 * would have to be put isn't known, and a second run would put both of them again.
 *
 * @param mapping `export` for the records of `freshet export`
 * @throws UsageError if no row has the fields that the mapping needs
 */
export async function* readEntities(
  contract: EntityContract,
  rows: AsyncIterable<Row>,
  mapping: RowMapping | 'export',
): AsyncGenerator<Entity> {
  /** Where each id is in the file. */
  const places = createIdTable();
  const once = (entity: Entity): Entity => {
    if (!('id' in entity)) return entity;
    const { id, place } = entity;
    const before = places.get(id);
    if (before === undefined) {
      places.set(id, place.element ?? place.line);
      return entity;
    }
    const first = ordinalText(place.element === undefined ? { ...place, line: before } : { ...place, element: before });
    return { place, problem: `the id ${quoted(id)} was given before, in ${first}. Allowed: each id once` };
  };

  /** Rows that lack the fields, until a row has them. */
  let unmapped: Entity[] | undefined = [];
  const refuseUnmapped = (): void => {
    const [first] = unmapped ?? [];
    if (first === undefined || !('problem' in first)) return;
    throw new UsageError(
      `${mapping === 'export' ? '' : '--id: '}no row can be put, such as ${ordinalText(first.place)}: ${first.problem}.`,
    );
  };
  for await (const row of rows) {
    const entity = await toEntity(contract, row, mapping);
    if (unmapped !== undefined && 'isUnmapped' in entity) {
      unmapped.push(entity);
      // All rows of a CSV file have the same columns.
      if (unmapped.length >= MAX_UNMAPPED || ('cells' in row && row.cells)) refuseUnmapped();
      continue;
    }
    if (unmapped !== undefined && !('problem' in row)) {
      yield* unmapped;
      unmapped = undefined;
    }
    yield once(entity);
  }
  refuseUnmapped();
}
