import type { ServedRequest } from './ledger.ts';

/** The consumed capacity in an engine's answer: units of the table and its indexes together. */
interface Consumed {
  readonly TableName?: string;
  readonly CapacityUnits?: number;
}

interface Answer {
  readonly ConsumedCapacity?: Consumed | readonly Consumed[];
  /** The stored item, if the request's condition refused the write and the request asked for the item. */
  readonly Item?: object;
  readonly __type?: string;
}

const WRITES = ['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem', 'TransactWriteItems'];
const READS = ['GetItem', 'BatchGetItem', 'Query', 'Scan', 'TransactGetItems'];
const UNIT_BYTES = 1024;

/** Makes a request ask for the consumed capacity. A request that consumes no capacity stays unchanged. */
export function askedForCapacity(operation: string, body: Buffer): Buffer {
  if (!WRITES.includes(operation) && !READS.includes(operation)) return body;
  const input = JSON.parse(body.toString()) as object;
  return Buffer.from(JSON.stringify({ ...input, ReturnConsumedCapacity: 'INDEXES' }));
}

/**
 * The billed units of a request to DynamoDB; undefined for a free operation. A write that is refused by its condition
 * consumes units by the size of the stored item, at least one (ddb/WorkingWithItems, conditional writes). If the answer
 * doesn't contain the item, one unit is counted.
 */
export function dynamoDbRequest(
  operation: string,
  caller: string,
  body: Buffer,
  status: number,
  answer: Buffer,
): ServedRequest | undefined {
  const isWrite = WRITES.includes(operation);
  // If the engine fails, its answer has no capacity and may not be JSON.
  if ((!isWrite && !READS.includes(operation)) || status >= 500) return undefined;
  const parsed = JSON.parse(answer.toString()) as Answer;
  const consumed = [parsed.ConsumedCapacity ?? []].flat();
  const { TableName } = JSON.parse(body.toString()) as { TableName?: string };
  const told = consumed.reduce((units, { CapacityUnits = 0 }) => units + CapacityUnits, 0);
  const isRefused =
    status === 400 && /(ConditionalCheckFailed|TransactionCanceled)Exception$/.test(parsed.__type ?? '');
  const units = isRefused ? refusedUnits(parsed) : told;
  return {
    service: 'DynamoDB',
    operation: isRefused ? `${operation}, refused by its condition` : operation,
    caller,
    resource: TableName ?? consumed[0]?.TableName ?? '',
    billed: isWrite ? { writeUnits: units } : { readUnits: units },
  };
}

/**
 * The units of a refused write, from the stored item's size without type names, as DynamoDB counts it. The size of a
 * number is an approximation.
 */
function refusedUnits({ Item = {} }: Answer): number {
  const bytes = Object.entries(Item).reduce((sum, [name, typed]) => sum + name.length + valueBytes(typed), 0);
  return Math.max(1, Math.ceil(bytes / UNIT_BYTES));
}

function valueBytes(typed: object): number {
  const [value = ''] = Object.values(typed) as unknown[];
  return Buffer.byteLength(typeof value === 'string' ? value : JSON.stringify(value));
}
