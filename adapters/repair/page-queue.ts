import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod/mini';
import type { PageRequest } from '../../core/repair/pages.ts';
import type { Suspects } from '../../core/repair/suspects.ts';
import type { Sender } from '../aws/clients.ts';

/** Sends messages to the queue of a cache's pages, which its repair function consumes. */
export interface PageQueue {
  /** Hands a page over that the cache's queue delivered. */
  page(body: string): Promise<void>;
  /** Sends entities to be looked at again, after a delay of up to 900 seconds. */
  lookAgain(suspects: Suspects, delaySeconds: number): Promise<void>;
  /** Asks for everything that backfills and inventories need, after a delay; default: now. */
  tend(types: readonly string[], delaySeconds?: number): Promise<void>;
}

const tend = z.object({ tend: z.array(z.string()) });

/** Opens the queue of a cache's pages for sending. */
export function createPageQueue(client: Sender<SQSClient>, queueUrl: string): PageQueue {
  const send = async (body: string, delaySeconds = 0) => {
    await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body, DelaySeconds: delaySeconds }));
  };
  return {
    page: (body) => send(body),
    lookAgain: (suspects, delaySeconds) => send(JSON.stringify(suspects), delaySeconds),
    tend: (types, delaySeconds) => send(JSON.stringify({ tend: types }), delaySeconds),
  };
}

/** Reads a message of `tend`; undefined for anything else. */
export function parseTend(body: string): readonly string[] | undefined {
  try {
    return tend.safeParse(JSON.parse(body)).data?.tend;
  } catch {
    return undefined;
  }
}

/** Creates the port that asks owners for pages, through their resync queues. */
export function createPageRequests(
  client: SQSClient,
  resyncQueueUrl: (type: string) => string | undefined,
): (request: PageRequest, delaySeconds: number) => Promise<void> {
  return async (request, delaySeconds) => {
    const queueUrl = resyncQueueUrl(request.type);
    if (queueUrl === undefined) throw new Error(`no resync queue is known for type ${request.type}`);
    const body = JSON.stringify(request);
    await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body, DelaySeconds: delaySeconds }));
  };
}
