import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import type { Boundary } from '../../core/contract/contract.ts';
import { sha256 } from '../../core/entity.ts';
import { type BackfillPorts, parseBackfillNote, takeBackfillPage } from '../../core/repair/backfill.ts';
import type { HealPorts } from '../../core/repair/heal.ts';
import { type InventoryPorts, parseInventoryNote, takeInventoryPage } from '../../core/repair/inventory.ts';
import { type Looked, lookAtSuspects, type SuspectPorts } from '../../core/repair/look.ts';
import { type OwnerPage, parsePage } from '../../core/repair/pages.ts';
import { parseSuspects } from '../../core/repair/suspects.ts';
import { keptType, type TendSettings, tendType } from '../../core/repair/tend.ts';
import { queueBacklog } from '../govern/report.ts';
import { readCompleteness } from '../read/staleness.ts';
import { createInventoryRecords } from './inventory-records.ts';
import { createNotes } from './notes.ts';
import { createPageQueue, createPageRequests, parseTend } from './page-queue.ts';

/** The ports with which a cache fills and checks itself. */
export type SelfRepairPorts = BackfillPorts & InventoryPorts & SuspectPorts;

/** Creates the ports with which a cache fills and checks itself. */
export function createSelfRepair(options: {
  readonly client: DynamoDBClient;
  readonly cacheTable: string;
  readonly queues: SQSClient;
  /** The cache's queue of events. */
  readonly queueUrl: string;
  readonly pageQueueUrl: string;
  readonly resyncQueueUrl: (type: string) => string | undefined;
  readonly askOwner: HealPorts['askOwner'];
  readonly isSetAside: SuspectPorts['isSetAside'];
  readonly wanted: SuspectPorts['wanted'];
  readonly noticeGap: SuspectPorts['noticeGap'];
  readonly settled: Pick<BackfillPorts, 'settledUntilMs' | 'askHeartbeat'>;
  readonly ended: InventoryPorts['ended'];
}): SelfRepairPorts {
  const {
    client,
    cacheTable,
    queues,
    queueUrl,
    resyncQueueUrl,
    askOwner,
    isSetAside,
    wanted,
    noticeGap,
    settled,
    ended,
  } = options;
  const cache = { client, tableName: cacheTable };
  const pages = createPageQueue(queues, options.pageQueueUrl);
  return {
    ...settled,
    backfills: createNotes(cache, 'readiness', parseBackfillNote),
    inventories: createNotes(cache, 'inventory', parseInventoryNote),
    ...createInventoryRecords(cache),
    lookAgain: pages.lookAgain,
    tendLater: (type, delaySeconds) => pages.tend([type], delaySeconds),
    askPage: createPageRequests(queues, resyncQueueUrl),
    backlog: () => queueBacklog(queues, queueUrl),
    completeness: () => readCompleteness(cache),
    askOwner,
    isSetAside,
    wanted,
    noticeGap,
    ended,
  };
}

/**
 * Returns a token for a new run, derived from the id of the message or request that starts it and from the time: a
 * message that is delivered again may start another run, which must not take the pages of the first one.
 */
export function runToken(id: string, nowMs: number): string {
  return sha256(`${id} ${nowMs}`).slice(0, 16);
}

/**
 * Creates a function that handles a message of the queue of a cache's pages. Returns what was healed and asked for, or
 * why the message was ignored; undefined otherwise.
 */
export function createPageHandler(
  boundary: Boundary,
  ports: SelfRepairPorts,
  settings: TendSettings,
  now: () => number,
): (record: SQSRecord) => Promise<Looked | string | undefined> {
  const takePage = async (page: OwnerPage, isRedelivered: boolean) => {
    const kept = keptType(boundary, page.type);
    if (kept === undefined || boundary.caches[page.type]?.contract.owner !== page.owner)
      return `a page of ${page.type} from ${page.owner}, which the cache doesn't keep`;
    const take = page.purpose === 'backfill' ? takeBackfillPage : takeInventoryPage;
    await take(kept, page, ports, { nowMs: now(), isRedelivered });
    return undefined;
  };
  return async ({ body, messageId, attributes }) => {
    const page = parsePage(body);
    if (page !== undefined) return takePage(page, Number(attributes.ApproximateReceiveCount) > 1);
    const suspects = parseSuspects(body);
    if (suspects !== undefined) {
      const kept = keptType(boundary, suspects.type);
      return kept && lookAtSuspects(kept, suspects, ports, now());
    }
    const types = parseTend(body);
    if (types === undefined) return 'not a page, and nothing to look at';
    const nowMs = now();
    const run = runToken(messageId, nowMs);
    const all = types.flatMap((type) => keptType(boundary, type) ?? []);
    // An owner that can't be asked doesn't keep the cache from asking the others.
    const results = await Promise.allSettled(all.map((kept) => tendType(kept, ports, { ...settings, run, nowMs })));
    const failed = results.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return undefined;
  };
}
