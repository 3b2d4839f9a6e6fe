import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type EngineClient, EngineError } from '../engine/client.ts';
import { CannotChange } from './resource.ts';

interface Key {
  readonly AttributeName: string;
  readonly KeyType: string;
}

interface Index {
  readonly IndexName: string;
  readonly KeySchema: readonly Key[];
  readonly Projection?: unknown;
}

interface Attribute {
  readonly AttributeName: string;
  readonly AttributeType: string;
}

/** A table as the engine describes it. */
export interface Table {
  readonly TableStatus: string;
  readonly TableArn: string;
  readonly TableId?: string;
  readonly LatestStreamArn?: string;
  readonly KeySchema: readonly Key[];
  readonly AttributeDefinitions: readonly Attribute[];
  readonly GlobalSecondaryIndexes?: readonly (Index & { readonly IndexStatus?: string })[];
  readonly LocalSecondaryIndexes?: readonly Index[];
  readonly StreamSpecification?: { readonly StreamEnabled?: boolean; readonly StreamViewType?: string };
}

/** A table as a template declares it. */
export interface DeclaredTable {
  readonly TableName: string;
  readonly KeySchema: readonly Key[];
  readonly AttributeDefinitions: readonly Attribute[];
  readonly GlobalSecondaryIndexes?: readonly Index[] | undefined;
  readonly LocalSecondaryIndexes?: readonly Index[] | undefined;
  /** The view type of the stream. @default - no stream */
  readonly viewType: string | undefined;
}

/** Describes a table; undefined if there is none. */
export async function existingTable(engine: EngineClient, name: string): Promise<Table | undefined> {
  try {
    return (await activeTable(engine, name)).Table;
  } catch (error) {
    if (error instanceof EngineError && error.code === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}

/** Describes a table once it and its indexes are active. */
export async function activeTable(engine: EngineClient, name: string): Promise<{ readonly Table: Table }> {
  for (;;) {
    const described = await engine.call<{ Table: Table }>('DynamoDB_20120810.DescribeTable', { TableName: name });
    const { TableStatus, GlobalSecondaryIndexes: indexes = [] } = described.Table;
    const isActive = indexes.every(({ IndexStatus = 'ACTIVE' }) => IndexStatus === 'ACTIVE');
    if (TableStatus === 'ACTIVE' && isActive) return described;
    await pause(5);
  }
}

/**
 * Changes a table with its data to what a template declares: indexes are added and removed one at a time, and a stream
 * is turned on.
 *
 * @throws CannotChange for another key or other local secondary indexes, which only a new table could have
 */
export async function changeTable(engine: EngineClient, table: Table, declared: DeclaredTable): Promise<void> {
  const { TableName } = declared;
  checkKeys(table, declared);
  const { GlobalSecondaryIndexes: before = [] } = table;
  const { GlobalSecondaryIndexes: after = [], AttributeDefinitions, viewType } = declared;
  const update = async (change: object) => {
    await engine.call('DynamoDB_20120810.UpdateTable', { TableName, ...change });
    await activeTable(engine, TableName);
  };
  const isSame = (one: Index, other: Index) =>
    one.IndexName === other.IndexName &&
    isDeepStrictEqual(sorted(one.KeySchema), sorted(other.KeySchema)) &&
    isDeepStrictEqual(one.Projection, other.Projection);
  for (const index of before.filter((one) => !after.some((other) => isSame(one, other))))
    await update({ GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: index.IndexName } }] });
  for (const index of after.filter((one) => !before.some((other) => isSame(one, other))))
    await update({ AttributeDefinitions, GlobalSecondaryIndexUpdates: [{ Create: index }] });
  if (viewType !== undefined && table.StreamSpecification?.StreamEnabled !== true)
    await update({ StreamSpecification: { StreamEnabled: true, StreamViewType: viewType } });
}

function checkKeys(table: Table, declared: DeclaredTable): void {
  const typesOf = ({ KeySchema, AttributeDefinitions }: Pick<Table, 'KeySchema' | 'AttributeDefinitions'>) =>
    sorted(KeySchema).map(({ AttributeName, KeyType }) => {
      const type = AttributeDefinitions.find((one) => one.AttributeName === AttributeName)?.AttributeType;
      return `${KeyType} ${AttributeName} ${type}`;
    });
  const localOf = ({ LocalSecondaryIndexes: indexes = [] }: Pick<DeclaredTable, 'LocalSecondaryIndexes'>) =>
    indexes.map(({ IndexName, KeySchema }) => `${IndexName} ${JSON.stringify(sorted(KeySchema))}`).sort();
  if (isDeepStrictEqual(typesOf(table), typesOf(declared)) && isDeepStrictEqual(localOf(table), localOf(declared)))
    return;
  throw new CannotChange(
    `the table ${declared.TableName} holds data under the key ${typesOf(table).join(', ')}. The key ` +
      `${typesOf(declared).join(', ')}, or other local secondary indexes, needs a new table`,
  );
}

function sorted(keys: readonly Key[]): readonly Key[] {
  return [...keys].sort((a, b) => (a.KeyType < b.KeyType ? -1 : 1));
}
