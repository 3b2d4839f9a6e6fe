/**
 * What AWS bills, each by a price of its own. `fifoChunks`, `standardChunks`: requests to a queue, each 64 KB of payload one (sqs pricing).
 * `writeUnits`, `readUnits`: DynamoDB's request units. `gbSeconds`: duration times memory of a function. `readMetrics`: metrics asked of
 * CloudWatch. `logBytes`: what a function logs, with the 26 bytes that CloudWatch adds to each line. The others are what they say.
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

/** What one request, or several of a kind, are billed by. */
export type Billed = Readonly<Partial<Record<BilledUnit, number>>>;

/** A request that AWS would have been sent. */
export interface ServedRequest {
  readonly service: 'DynamoDB' | 'SNS' | 'SQS' | 'Lambda' | 'CloudWatch';
  /** AWS's name for it; for what is no call of an API, such as a delivery, a name in words. */
  readonly operation: string;
  /**
   * Who asked for it: a function by its name, `client` for the developer's own clients, `mapping of` a function for what its event source
   * mapping does, `sns` for a topic that delivers, `lambda` for what Lambda itself does.
   */
  readonly caller: string;
  /** Name of the table, queue, topic, function or log group; empty where there is none or several. */
  readonly resource: string;
  readonly billed: Billed;
}

/** All requests of a kind. */
export interface LedgerEntry extends ServedRequest {
  readonly requests: number;
}

/** Counts requests by service, operation, caller and resource. */
export interface Ledger {
  note(request: ServedRequest): void;
  /** What was noted since the start, or since it was cleared. */
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

/** Both together. */
export function sum(one: Billed, other: Billed): Billed {
  const total: Partial<Record<BilledUnit, number>> = { ...one };
  for (const [unit, amount] of Object.entries(other) as [BilledUnit, number][]) {
    total[unit] = (total[unit] ?? 0) + amount;
  }
  return total;
}
