import type { ServedRequest } from './ledger.ts';

/** What the engine says of an answer; units of table and indexes together. */
interface Consumed {
  readonly TableName?: string;
  readonly CapacityUnits?: number;
}

interface Answer {
  readonly ConsumedCapacity?: Consumed | readonly Consumed[];
  /** The stored item, of a write that its condition refused and that asked for it. */
  readonly Item?: object;
  readonly __type?: string;
}

const WRITES = ['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem', 'TransactWriteItems'];
const READS = ['GetItem', 'BatchGetItem', 'Query', 'Scan', 'TransactGetItems'];
const UNIT_BYTES = 1024;

/** The request with a wish to be told what it consumed; as it came, if nothing is consumed by its operation. */
export function askedForCapacity(operation: string, body: Buffer): Buffer {
  if (!WRITES.includes(operation) && !READS.includes(operation)) return body;
  const input = JSON.parse(body.toString()) as object;
  return Buffer.from(JSON.stringify({ ...input, ReturnConsumedCapacity: 'INDEXES' }));
}

/**
 * What a request to DynamoDB is billed. A write that its condition refused consumes by the size of what is stored, one unit at least
 * (ddb/WorkingWithItems, conditional writes); where the answer doesn't show that, one is counted. Undefined for operations that are free.
 */
export function dynamoDbRequest(
  operation: string,
  caller: string,
  body: Buffer,
  status: number,
  answer: Buffer,
): ServedRequest | undefined {
  const isWrite = WRITES.includes(operation);
  // An answer of the engine's failure says nothing that can be counted, and may be no JSON.
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

/** Of the stored item, without names of types, as DynamoDB counts it: close, not exact for numbers. */
function refusedUnits({ Item = {} }: Answer): number {
  const bytes = Object.entries(Item).reduce((sum, [name, typed]) => sum + name.length + valueBytes(typed), 0);
  return Math.max(1, Math.ceil(bytes / UNIT_BYTES));
}

function valueBytes(typed: object): number {
  const [value = ''] = Object.values(typed) as unknown[];
  return Buffer.byteLength(typeof value === 'string' ? value : JSON.stringify(value));
}
