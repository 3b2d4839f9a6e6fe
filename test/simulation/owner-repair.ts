import type { DynamoDBClient, QueryCommandInput } from '@aws-sdk/client-dynamodb';
import type { SQSRecord } from 'aws-lambda';
import type { Item } from '../../adapters/aws/items.ts';
import { createOwnerPages } from '../../adapters/own/owner-pages.ts';
import { eachRecord } from '../../adapters/project/queue.ts';
import { createAnswers, TOO_OLD } from '../../adapters/repair/answers.ts';
import type { ResyncRequest } from '../../adapters/repair/gaps.ts';
import { messageGroupId } from '../../core/entity.ts';
import type { PublishResult } from '../../core/relay/batch.ts';
import type { OutgoingMessage } from '../../core/relay/message.ts';
import type { AnswerPorts } from '../../core/repair/answer.ts';
import { PAGE_TYPE, type PageRequest } from '../../core/repair/pages.ts';
import { startConsumer } from './consumer.ts';
import { CACHES, type CacheName } from './contracts.ts';
import type { FanOut } from './fan-out.ts';
import type { FunctionOptions, Invocation } from './invocations.ts';
import type { OwnerTable } from './owner.ts';
import { publisher } from './publisher.ts';
import { type Random, random } from './random.ts';
import type { World } from './world.ts';

const ANSWERS: FunctionOptions = { crash: 'answerCrash', timeoutMs: 60_000, crashWithin: 6, mayRace: false };

/** How old an eventually consistent read may be. */
const STALE_READ_MS = 1_000;

/** Milliseconds for each message, at the rate at which the construct lets the function publish. */
const PACE_MS = 2;

/** An owner's function that answers its caches, wired as in lambdas/owner-repair.ts. */
interface Answering {
  readonly world: World;
  readonly table: OwnerTable;
  readonly fanOut: FanOut;
  readonly draws: Random;
  /** Most entities of a page. On AWS, large states make small pages. */
  readonly pageSize: number;
  /** See `OwnerPage.isTableRange`. */
  readonly isTableRange: boolean;
  /** The request, the entity and the version of each message. */
  readonly sendings: Set<string>;
}

export function startAnswers(world: World, table: OwnerTable, fanOut: FanOut): void {
  const draws = random(world.seed, 'answers');
  const pageSize = draws.pick([1, 2, 2, 3]);
  const isTableRange = draws.chance(0.7);
  const answering: Answering = { world, table, fanOut, draws, pageSize, isTableRange, sendings: new Set() };
  startConsumer(world, world.messaging.queues.require('resync'), 'owner-repair', ANSWERS, true, (invocation, event) =>
    eachRecord(
      event,
      (record) => answer(answering, invocation, record),
      () => {},
    ),
  );
}

async function answer(answering: Answering, invocation: Invocation, record: SQSRecord): Promise<void> {
  const { faults, ledger, wrong } = answering.world;
  const request = JSON.parse(record.body) as PageRequest | ResyncRequest;
  const to = CACHES.find((name) => name === request.cache);
  if (to === undefined) throw new Error(`not a request of a cache: ${record.body}`);
  const page = 'purpose' in request ? request : undefined;
  const ports = portsOf(answering, invocation, { to, page, requestId: record.messageId });
  const why = await createAnswers(answering.table.boundary, wrong.answers?.(ports, record) ?? ports)(record);
  if (why === undefined) return;
  ledger.trace?.(`unanswered ${record.body}: ${why}`);
  // Only entities that a restored owner hasn't lifted yet can't be sent. They are published when they are lifted.
  if (why.startsWith('before-epoch')) faults.count('unsendable');
  else if (why !== 'the owner has no such entity' && why !== TOO_OLD)
    ledger.violate('unanswered', `${record.body}: ${why}`);
}

interface Request {
  readonly to: CacheName;
  /** The request for a page; undefined for a request for an entity. */
  readonly page: PageRequest | undefined;
  readonly requestId: string;
}

function portsOf(answering: Answering, invocation: Invocation, asked: Request): AnswerPorts {
  const { world, table, draws, pageSize, isTableRange } = answering;
  const { scheduler } = world;
  return {
    isTableRange,
    cursorAfter: createOwnerPages({ client: clientOf([]), tableName: 'catalogue' }).cursorAfter,
    get: (entity) =>
      invocation.call('ownerTable', messageGroupId(entity), () => table.items.get(messageGroupId(entity))),
    list: (type, cursor, options) =>
      invocation.call('ownerTable', '', () => {
        const items = table.imagesAt(type, scheduler.nowMs() - draws.between(0, STALE_READ_MS));
        const pages = createOwnerPages({ client: clientOf(items), tableName: 'catalogue' });
        return pages.list(type, cursor, { ...options, limit: pageSize });
      }),
    publish: publisher(world, invocation, draws, (message) => publish(answering, message, asked)),
    pace: (messages) => scheduler.sleep(messages * PACE_MS),
    nowMs: scheduler.nowMs,
  };
}

/** A client for the queries of adapters/own/owner-pages.ts on a table with these items. */
function clientOf(items: readonly Item[]): DynamoDBClient {
  const sorted = [...items].sort((a, b) => (String(a.id?.S) < String(b.id?.S) ? -1 : 1));
  const send = async ({ input }: { readonly input: QueryCommandInput }) => {
    const { ':pk': pk, ':after': after } = input.ExpressionAttributeValues ?? {};
    const isAfter = (item: Item) => after === undefined || String(item.id?.S) > String(after.S);
    const found = sorted.filter((item) => item.pk?.S === pk?.S && isAfter(item)).slice(0, input.Limit);
    // DynamoDB returns the last key whenever it reached the limit, even if nothing follows.
    return { Items: found, ...(found.length === input.Limit && { LastEvaluatedKey: found.at(-1) }) };
  };
  return { send } as unknown as DynamoDBClient;
}

/** Publishes a message to the cache that asked for it. */
function publish(
  { world, fanOut, sendings }: Answering,
  message: OutgoingMessage,
  { to, page, requestId }: Request,
): PublishResult {
  const { ledger, pendingResyncs } = world;
  const { isDuplicate, receivers } = fanOut.publish(message, to);
  const sending = `${requestId} ${message.deduplicationId}`;
  if (isDuplicate && !sendings.has(sending)) {
    ledger.violate('publication-dropped', `${message.groupId} to ${to} was dropped`);
  }
  sendings.add(sending);
  if (message.type === PAGE_TYPE) return { kind: 'published' };
  pendingResyncs.delete(message.groupId);
  ledger.publications.countAddressed();
  if (page !== undefined) ledger.runs.sent(page, message.groupId);
  if (receivers.length > 0) ledger.trace?.(`send ${message.groupId} to ${to}`);
  return { kind: 'published' };
}
