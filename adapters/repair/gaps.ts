import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod/mini';
import { BOUNDARY_PATTERN } from '../../core/contract/define-boundary.ts';
import { type EntityRef, MAX_VERSION, messageGroupId } from '../../core/entity.ts';
import type { GapNotice, HealPorts } from '../../core/repair/heal.ts';
import type { ParkedKey } from '../../core/repair/parked-key.ts';
import { isTaken } from '../aws/condition.ts';
import { ATTRIBUTE } from '../aws/items.ts';
import { sendJson } from './gap-notices.ts';

const wantedVersion = z.int().check(z.gte(1), z.lte(MAX_VERSION));
const entity = z.object({ type: z.string(), id: z.string() });
const notice = z.object({ entity, wantedVersion, asked: z.int().check(z.gte(0)) });

/** A request of `createSchemaChecks`. */
const schemaCheck = z.object({ schemaOf: z.object({ groupId: z.string(), sequenceNumber: z.string() }) });

/** A request to an owner to publish an entity's whole state again. */
const resyncRequest = z.object({
  entity,
  wantedVersion,
  cache: z.string().check(z.regex(BOUNDARY_PATTERN)),
  readsCompressed: z.optional(z.boolean()),
});

/** See `resyncRequest`. */
export type ResyncRequest = z.infer<typeof resyncRequest>;

/** Reads a message of a cache's gap queue; undefined for anything else. */
export function parseGapNotice(body: string): GapNotice | undefined {
  return parsed(notice, body);
}

/** Reads a message of an owner's resync queue; undefined for anything else. */
export function parseResyncRequest(body: string): ResyncRequest | undefined {
  return parsed(resyncRequest, body);
}

function parsed<T>(schema: z.ZodMiniType<T>, body: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}

/** Reads a request of `createSchemaChecks` from the cache's gap queue; undefined for anything else. */
export function parseSchemaCheck(body: string): ParkedKey | undefined {
  return parsed(schemaCheck, body)?.schemaOf;
}

/**
 * The ports of healing: gaps are recorded in the parking table, owners are asked through their resync queues, and
 * notices are sent again through the cache's own gap queue.
 */
export function createHealing(options: {
  readonly table: { readonly client: DynamoDBClient; readonly parkingTable: string };
  readonly cached: HealPorts['cached'];
  readonly queues: SQSClient;
  readonly gapQueueUrl: string;
  readonly cache: string;
  /** The resync queue of a type's owner; undefined if the cache knows none. */
  readonly resyncQueueUrl: (type: string) => string | undefined;
}): HealPorts {
  return {
    ...createGapRecords(options.table),
    cached: options.cached,
    async askOwner(entity, wantedVersion) {
      const queueUrl = options.resyncQueueUrl(entity.type);
      if (queueUrl === undefined) throw new Error(`no resync queue is known for type ${entity.type}`);
      await sendJson(options.queues, queueUrl, {
        ...{ entity, wantedVersion, cache: options.cache },
        readsCompressed: true,
      } satisfies ResyncRequest);
    },
    async lookAgain(notice, delaySeconds) {
      await sendJson(options.queues, options.gapQueueUrl, notice, delaySeconds);
    },
  };
}

/** Records of wanted versions in the parking table. */
function createGapRecords({
  client,
  parkingTable,
}: {
  readonly client: DynamoDBClient;
  readonly parkingTable: string;
}): Pick<HealPorts, 'want' | 'wanted' | 'forget'> {
  const key = (entity: EntityRef) => ({
    [ATTRIBUTE.partition]: { S: messageGroupId(entity) },
    [ATTRIBUTE.id]: { S: 'gap' },
  });
  const taken = (input: Omit<UpdateItemCommandInput, 'TableName'>): Promise<boolean> =>
    isTaken(client.send(new UpdateItemCommand({ TableName: parkingTable, ...input })));
  const read = async (entity: EntityRef) =>
    (await client.send(new GetItemCommand({ TableName: parkingTable, Key: key(entity), ConsistentRead: true }))).Item;

  const records: Pick<HealPorts, 'want' | 'wanted' | 'forget'> = {
    async want(entity, wantedVersion, { noticeId, nowMs, staleBeforeMs }) {
      const wanted = { N: String(wantedVersion) };
      const isNew = await taken({
        Key: key(entity),
        UpdateExpression: 'SET wanted = :wanted, since = :now, noticeId = :notice',
        ConditionExpression: 'attribute_not_exists(wanted) OR since < :stale',
        ExpressionAttributeValues: {
          ':wanted': wanted,
          ':now': { N: String(nowMs) },
          ':notice': { S: noticeId },
          ':stale': { N: String(staleBeforeMs) },
        },
      });
      if (isNew) return 'new';
      await taken({
        Key: key(entity),
        UpdateExpression: 'SET wanted = :wanted',
        ConditionExpression: 'wanted < :wanted',
        ExpressionAttributeValues: { ':wanted': wanted },
      });
      const item = await read(entity);
      // The record was removed between the two updates, so this version is wanted anew.
      if (item === undefined) return records.want(entity, wantedVersion, { noticeId, nowMs, staleBeforeMs });
      return item.noticeId?.S === noticeId ? 'new' : 'known';
    },
    async wanted(entity) {
      const version = (await read(entity))?.wanted?.N;
      return version === undefined ? undefined : Number(version);
    },
    async forget(entity, wantedVersion) {
      const deletion = new DeleteItemCommand({
        TableName: parkingTable,
        Key: key(entity),
        ConditionExpression: 'attribute_not_exists(wanted) OR wanted = :wanted',
        ExpressionAttributeValues: { ':wanted': { N: String(wantedVersion) } },
      });
      return (await isTaken(client.send(deletion))) ? 'forgotten' : 'changed';
    },
  };
  return records;
}
