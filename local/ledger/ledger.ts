/**
 * The units that AWS bills, each with its own price. `fifoChunks` and `standardChunks` are requests to a queue, one for
 * each 64 KB of payload (sqs pricing). `writeUnits` and `readUnits` are DynamoDB's request units. `gbSeconds` is a
 * function's duration times its memory. `readMetrics` is the number of metrics requested from CloudWatch. `logBytes` is
 * the size of a function's log lines, including the 26 bytes that CloudWatch adds to each line.
 */
export type BilledUnit =
  | 'writeUnits'
  | 'readUnits'
  | 'publishRequests'
  | 'publishedBytes'
  | 'deliveredMessages'
  | 'deliveredBytes'
  | 'fifoChunks'
  | 'standardChunks'
  | 'invocations'
  | 'gbSeconds'
  | 'readMetrics'
  | 'logBytes';

/** The billed units of one request, or of several requests of one kind. */
export type Billed = Readonly<Partial<Record<BilledUnit, number>>>;

/** A request that would go to AWS in a deployment. */
export interface ServedRequest {
  readonly service: 'DynamoDB' | 'SNS' | 'SQS' | 'Lambda' | 'CloudWatch';
  /** AWS's name of the operation, or a description if it isn't an API call, such as `delivery`. */
  readonly operation: string;
  /**
   * Who sent the request: the name of a function, `client` for the developer's clients, `mapping of` and a function's
   * name for its event source mapping, `sns` for a topic that delivers, `lambda` for Lambda itself.
   */
  readonly caller: string;
  /** Name of the table, queue, topic, function or log group; empty if there is none or more than one. */
  readonly resource: string;
  readonly billed: Billed;
}

/** All requests of one kind. */
export interface LedgerEntry extends ServedRequest {
  readonly requests: number;
}

/** Counts requests by service, operation, caller and resource. */
export interface Ledger {
  note(request: ServedRequest): void;
  /** The requests since the start or since the last `clear`. */
  entries(): LedgerEntry[];
  clear(): void;
}

/** Creates an empty ledger. */
export function createLedger(): Ledger {
  const entries = new Map<string, { -readonly [K in keyof LedgerEntry]: LedgerEntry[K] }>();
  return {
    note({ service, operation, caller, resource, billed }) {
      const key = `${service} ${operation} ${caller} ${resource}`;
      const known = entries.get(key);
      if (known === undefined) {
        entries.set(key, { service, operation, caller, resource, billed: { ...billed }, requests: 1 });
        return;
      }
      known.requests += 1;
      known.billed = sum(known.billed, billed);
    },
    entries: () => [...entries.values()].map((entry) => ({ ...entry })),
    clear: () => entries.clear(),
  };
}

/** Adds up the units of both. */
export function sum(one: Billed, other: Billed): Billed {
  const total: Partial<Record<BilledUnit, number>> = { ...one };
  for (const [unit, amount] of Object.entries(other) as [BilledUnit, number][]) {
    total[unit] = (total[unit] ?? 0) + amount;
  }
  return total;
}
