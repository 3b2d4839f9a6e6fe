import * as z from 'zod/mini';
import type { Effect } from '../../core/saga/define.ts';
import type { SagaInstance } from '../../core/saga/step.ts';
import { canonicalJson, type State } from '../../core/state.ts';
import { ATTRIBUTE, type Item, itemEntity, keyItem, SAGA_ATTRIBUTE } from '../aws/items.ts';

/** Stands where an entity's or effect's type does; no type has a colon. */
export const INSTANCE = 'saga:instance';

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

/** An effect as it lies in a saga's table. */
export interface SagaEffect extends Effect {
  /** The key of the instance that it is of. */
  readonly key: string;
  readonly saga: string;
  /** ISO 8601. */
  readonly recordedAt: string;
  /** The same whenever this effect is delivered, and of no other one: `shipping/o1/CreateShippingLabel`. */
  readonly idempotencyKey: string;
}

export function instanceKey(key: string): Item {
  return keyItem({ type: INSTANCE, id: key });
}

export function instanceItem({ key, revision, dueAtMs, expiresAtSeconds, ...rest }: SagaInstance): Item {
  return {
    ...instanceKey(key),
    [SAGA_ATTRIBUTE.revision]: { N: String(revision) },
    [SAGA_ATTRIBUTE.instance]: { S: JSON.stringify(rest) },
    ...(dueAtMs !== undefined && { [SAGA_ATTRIBUTE.dueAt]: { N: String(dueAtMs) } }),
    ...(expiresAtSeconds !== undefined && { [ATTRIBUTE.expiresAt]: { N: String(expiresAtSeconds) } }),
  };
}

/** Reads an instance. Throws on an item that no saga wrote. */
export function readInstance(item: Item): SagaInstance {
  const number = (name: string) => (item[name]?.N === undefined ? undefined : Number(item[name].N));
  const revision = number(SAGA_ATTRIBUTE.revision);
  if (revision === undefined) throw new Error("not a saga's instance: revision is needed");
  return {
    ...stored.parse(JSON.parse(item[SAGA_ATTRIBUTE.instance]?.S ?? 'null')),
    key: item[ATTRIBUTE.id]?.S ?? '',
    revision,
    dueAtMs: number(SAGA_ATTRIBUTE.dueAt),
    expiresAtSeconds: number(ATTRIBUTE.expiresAt),
  };
}

export function effectItem(saga: string, key: string, { name, data }: Effect, recordedAt: string): Item {
  return {
    ...keyItem({ type: name, id: key }),
    [SAGA_ATTRIBUTE.saga]: { S: saga },
    [ATTRIBUTE.data]: { S: canonicalJson({ type: name, id: key }, data) },
    [SAGA_ATTRIBUTE.recordedAt]: { S: recordedAt },
  };
}

/** Reads an effect; undefined for an instance and for what no saga wrote. */
export function readEffect(item: Item): SagaEffect | undefined {
  const saga = item[SAGA_ATTRIBUTE.saga]?.S;
  const recordedAt = item[SAGA_ATTRIBUTE.recordedAt]?.S;
  const data = item[ATTRIBUTE.data]?.S;
  if (saga === undefined || recordedAt === undefined || data === undefined) return undefined;
  const { type: name, id: key } = itemEntity(item);
  // Canonical JSON of an object, written by `effectItem` alone.
  const parsed = JSON.parse(data) as State;
  return { saga, key, name, data: parsed, recordedAt, idempotencyKey: `${saga}/${key}/${name}` };
}
