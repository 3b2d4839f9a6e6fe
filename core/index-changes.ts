import * as z from 'zod/mini';

/** The parts of an index that make it another index when they change. The schema also puts them in one order. */
const indexes = z.catch(
  z.array(
    z.object({
      IndexName: z.string(),
      KeySchema: z.optional(z.array(z.object({ AttributeName: z.string(), KeyType: z.string() }))),
      Projection: z.optional(
        z.object({ ProjectionType: z.optional(z.string()), NonKeyAttributes: z.optional(z.array(z.string())) }),
      ),
    }),
  ),
  [],
);

/** The global secondary indexes that an update of a table creates and deletes. */
export interface IndexChanges {
  readonly created: readonly string[];
  readonly deleted: readonly string[];
}

/** The most index changes of one update (ddb/API_UpdateTable, 2026-11-29). */
export const MAX_INDEX_CHANGES = 1;

/**
 * Compares a table's `GlobalSecondaryIndexes` before and after an update. DynamoDB can't change the keys or the
 * projection of an index, so such an index counts as deleted and created.
 */
export function indexChanges(before: unknown, after: unknown): IndexChanges {
  const [had, has] = [byDefinition(before), byDefinition(after)];
  const missing = (from: ReadonlyMap<string, string>, others: ReadonlyMap<string, string>) =>
    [...from].flatMap(([definition, name]) => (others.has(definition) ? [] : [name]));
  return { created: missing(has, had), deleted: missing(had, has) };
}

/** The names of the indexes, by their definitions. */
function byDefinition(value: unknown): ReadonlyMap<string, string> {
  return new Map(indexes.parse(value).map((index) => [JSON.stringify(index), index.IndexName]));
}
