import * as z from 'zod/mini';
import type { Effect } from '../../core/saga/define.ts';
import type { Review } from '../../core/saga/review.ts';
import type { SagaInstance } from '../../core/saga/step.ts';
import { canonicalJson, type State } from '../../core/state.ts';
import { ATTRIBUTE, type Item, itemEntity, keyItem, SAGA_ATTRIBUTE } from '../aws/items.ts';

/** Takes the place of a type in an instance's key. It can't equal an effect's name, which has no colon. */
export const INSTANCE = 'saga:instance';

/** Takes the place of a type in the key of the item that records the review of the instances. */
const REVIEW = 'saga:review';

const reviewed = z.object({
  definition: z.string(),
  seenAtMs: z.number(),
  beganAtMs: z.number(),
  cursor: z.optional(z.string()),
  hasFailed: z.boolean(),
  isDone: z.boolean(),
});

const fact = z.object({
  type: z.string(),
  id: z.string(),
  owner: z.string(),
  occurredAt: z.string(),
  data: z.record(z.string(), z.string()),
});

const stored = z.object({
  status: z.enum(['waiting', 'decided', 'cancelled']),
  facts: z.record(z.string(), fact),
  beganAt: z.string(),
  effects: z.array(z.string()),
});

/** An effect that a saga has recorded. */
export interface SagaEffect extends Effect {
  /** Key of the saga's instance, such as an order's id. */
  readonly key: string;
  /** Name of the saga. */
  readonly saga: string;
  /** When the effect was recorded, ISO 8601. */
  readonly recordedAt: string;
  /**
   * Identifies the effect: the same for each delivery, and different from every other effect's. Such as
   * `shipping/o1/CreateShippingLabel`.
   */
  readonly idempotencyKey: string;
}

/** Returns the key of an instance's item. */
export function instanceKey(key: string): Item {
  return keyItem({ type: INSTANCE, id: key });
}

/** Returns the item of an instance. */
export function instanceItem({ key, revision, dueAtMs, expiresAtSeconds, ...rest }: SagaInstance): Item {
  return {
    ...instanceKey(key),
    [SAGA_ATTRIBUTE.revision]: { N: String(revision) },
    [SAGA_ATTRIBUTE.instance]: { S: JSON.stringify(rest) },
    ...(dueAtMs !== undefined && { [SAGA_ATTRIBUTE.dueAt]: { N: String(dueAtMs) } }),
    ...(expiresAtSeconds !== undefined && { [ATTRIBUTE.expiresAt]: { N: String(expiresAtSeconds) } }),
  };
}

/** Reads an instance from its item. Throws if the item isn't an instance. */
export function readInstance(item: Item): SagaInstance {
  const number = (name: string) => (item[name]?.N === undefined ? undefined : Number(item[name].N));
  const revision = number(SAGA_ATTRIBUTE.revision);
  if (revision === undefined) throw new Error('revision: missing. Required in an item of a saga instance.');
  return {
    ...stored.parse(JSON.parse(item[SAGA_ATTRIBUTE.instance]?.S ?? 'null')),
    key: item[ATTRIBUTE.id]?.S ?? '',
    revision,
    dueAtMs: number(SAGA_ATTRIBUTE.dueAt),
    expiresAtSeconds: number(ATTRIBUTE.expiresAt),
  };
}

/** Returns the key of the item that records how far a saga's instances are reviewed. */
export function reviewKey(saga: string): Item {
  return keyItem({ type: REVIEW, id: saga });
}

/** Returns the item of a review. */
export function reviewItem(saga: string, review: Review): Item {
  return { ...reviewKey(saga), [SAGA_ATTRIBUTE.review]: { S: JSON.stringify(review) } };
}

/** Reads a review from its item. */
export function readReview(item: Item): Review {
  const { cursor, ...rest } = reviewed.parse(JSON.parse(item[SAGA_ATTRIBUTE.review]?.S ?? 'null'));
  return { ...rest, cursor };
}

/** Returns the item of an effect. */
export function effectItem(saga: string, key: string, { name, data }: Effect, recordedAt: string): Item {
  return {
    ...keyItem({ type: name, id: key }),
    [SAGA_ATTRIBUTE.saga]: { S: saga },
    [ATTRIBUTE.data]: { S: canonicalJson({ type: name, id: key }, data) },
    [SAGA_ATTRIBUTE.recordedAt]: { S: recordedAt },
  };
}

/** Reads an effect from its item; undefined for any other item, such as an instance. */
export function readEffect(item: Item): SagaEffect | undefined {
  const saga = item[SAGA_ATTRIBUTE.saga]?.S;
  const recordedAt = item[SAGA_ATTRIBUTE.recordedAt]?.S;
  const data = item[ATTRIBUTE.data]?.S;
  if (saga === undefined || recordedAt === undefined || data === undefined) return undefined;
  const { type: name, id: key } = itemEntity(item);
  // Only `effectItem` writes this attribute, as the canonical JSON of an object.
  const parsed = JSON.parse(data) as State;
  return { saga, key, name, data: parsed, recordedAt, idempotencyKey: `${saga}/${key}/${name}` };
}
