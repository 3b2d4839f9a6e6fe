import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod/mini';
import { messageGroupId } from '../../core/entity.ts';
import type { ParkedEvent, ReceivedMessage } from '../../core/project/ports.ts';
import { exhaustion } from '../../core/retries.ts';
import type { State } from '../../core/state.ts';
import { sqsClient } from '../aws/clients.ts';
import { messageJson } from '../aws/message-json.ts';
import { createFactQueue, type FactQueuePorts, settingsOf } from '../facts/queue.ts';
import type { SagaEffect } from './items.ts';

/** The queue of effects that failed, see `createEffectRetries`. */
export interface EffectRetries {
  readonly queue: FactQueuePorts;
  /** Sends an effect into the queue. Throws when the queue can't be reached. */
  readonly send: (effect: SagaEffect) => Promise<void>;
}

const effect = z.object({
  saga: z.string(),
  key: z.string(),
  name: z.string(),
  data: z.unknown(),
  recordedAt: z.string(),
  idempotencyKey: z.string(),
});

/**
 * The queue in which a saga's failed effects are retried, for `effectBatch`. Effects that still fail at the end of
 * their budget are parked in the queue's table.
 *
 * @param options.settings the environment variable `EFFECT_RETRIES`, which `Saga.addEffectHandler` sets. Throws for any
 *   other text
 * @param options.queues the SQS client; default: a new one
 */
export function createEffectRetries(options: {
  readonly client: DynamoDBClient;
  readonly settings: string;
  readonly queues?: SQSClient;
}): EffectRetries {
  const { client, settings, queues = sqsClient() } = options;
  const { queueUrl } = settingsOf.parse(JSON.parse(settings));
  return {
    queue: createFactQueue({ client, settings, queues }),
    async send(failed) {
      const id = messageGroupId({ type: failed.name, id: failed.key });
      await queues.send(
        new SendMessageCommand({
          QueueUrl: queueUrl,
          MessageBody: messageJson(failed),
          MessageGroupId: id,
          // A batch of the stream that is retried sends the effect once.
          MessageDeduplicationId: id,
        }),
      );
    },
  };
}

/**
 * Reads an effect from a message of the queue; undefined for anything else. The data isn't read with a schema, because
 * a zod record drops a field named `__proto__`.
 */
export function sentEffect({ body }: Pick<ReceivedMessage, 'body'>): SagaEffect | undefined {
  try {
    const { data, ...rest } = effect.parse(JSON.parse(body));
    if (typeof data !== 'object' || data === null || Array.isArray(data)) return undefined;
    return { ...rest, data: data as State };
  } catch {
    return undefined;
  }
}

/** The parked event of a message that is no effect. */
export function parkedStranger(message: ReceivedMessage, nowMs: number): ParkedEvent {
  return { ...parkedMessage(message, nowMs), reason: 'malformed', explanation: 'not an effect of a saga' };
}

/** The parked event of an effect that still failed at the end of its budget. */
export function parkedEffect(message: ReceivedMessage, error: unknown, nowMs: number): ParkedEvent {
  const failed = sentEffect(message);
  const entity = failed && { type: failed.name, id: failed.key };
  const explanation = exhaustion(message, error);
  return { ...parkedMessage(message, nowMs), entity, reason: 'retries-exhausted', explanation };
}

function parkedMessage(message: ReceivedMessage, nowMs: number): Omit<ParkedEvent, 'reason' | 'explanation'> {
  return { status: 'parked', message, entity: undefined, version: undefined, parkedAtMs: nowMs };
}
