import { subscriptionState } from 'freshet-aws/internal/adapters/facts/subscriptions';
import { queueBacklog } from 'freshet-aws/internal/adapters/govern/report';
import * as z from 'zod/mini';
import { countParked } from '../clients/parked-count.ts';
import { queueBacklogs } from '../clients/queue.ts';
import { countDue, countInstances } from '../clients/saga-counts.ts';
import type { Deployment, FactQueue } from '../deployment/deployment.ts';
import { isDenied } from '../errors.ts';
import { ALWAYS, type Parts } from './parts.ts';
import type { Ask } from './remembered.ts';

/** null: it could not be read. */
const count = z.nullable(z.int());

/**
 * The state of a queue's subscriptions that needs most attention.
 *
 * - `missing`: somebody deleted a subscription, so its facts aren't delivered
 * - `paused`: new facts aren't delivered, because a bounded replay has ended
 * - `failed`: a replay failed
 * - `replaying`: archived facts are delivered, and new ones wait behind them
 * - `unknown`: the state may not be read, or could not be read
 * - `live`: new facts are delivered
 */
const delivery = z.enum(['missing', 'paused', 'failed', 'replaying', 'unknown', 'live']);

/** A queue of facts that functions of a service handle. */
export const factQueueStatus = z.object({
  queue: z.string(),
  /** Visible, in-flight and delayed messages. */
  backlog: count,
  /** Messages in the dead-letter queues of the queue and of its subscriptions. */
  deadLetters: count,
  /** Parked facts. */
  parked: count,
  delivery,
});

/** A saga with the queue of its facts and the queues of its effects that are retried. */
export const sagaStatus = z.object({
  saga: z.string(),
  /** Instances that wait for facts; null if they weren't counted. */
  waiting: count,
  /** Waiting instances whose deadline has passed and for which no alert has been raised yet. */
  due: count,
  /** Stored instances that have decided; null if they weren't counted. */
  decided: count,
  /** Stored instances that were cancelled; null if they weren't counted. */
  cancelled: count,
  /** Visible, in-flight and delayed facts in the saga's queue. */
  backlog: count,
  /** Messages in the dead-letter queues of the saga's queue and of its subscriptions. */
  deadLetters: count,
  /** Parked facts. */
  parked: count,
  delivery,
  /** For each function that carries out effects: the queue in which its failed effects are retried, and then parked. */
  effectQueues: z.array(factQueueStatus),
  /** Effects that Lambda gave up on. */
  effectFailures: count,
});

export type FactQueueStatus = z.infer<typeof factQueueStatus>;
export type SagaStatus = z.infer<typeof sagaStatus>;

/** The fact queues of services: all of a deployment but those of sagas. */
export function serviceQueues({ factQueues, sagas }: Pick<Deployment, 'factQueues' | 'sagas'>): FactQueue[] {
  return factQueues.filter(({ name }) => !sagas.some((saga) => name === saga.name || isOfEffects(name, saga.name)));
}

/** The queues in which a saga's effects are retried. `Saga.addEffectHandler` names them. */
export function effectQueuesOf({ factQueues }: Pick<Deployment, 'factQueues'>, saga: string): FactQueue[] {
  return factQueues.filter(({ name }) => isOfEffects(name, saga));
}

function isOfEffects(queue: string, saga: string): boolean {
  return queue.startsWith(`${saga}-effects`) && /^(-\d+)?$/.test(queue.slice(`${saga}-effects`.length));
}

/** The state of facts and sagas. */
export interface FactsStatus {
  readonly factQueues: FactQueueStatus[];
  readonly sagas: SagaStatus[];
}

/** Creates the read of the state of facts and sagas. @param countAll whether to count all instances of the sagas */
export function createFactsRead(deployment: Deployment, parts: Parts, countAll: boolean): Ask<FactsStatus> {
  const { clients, factQueues, sagas, effects, isLocal } = deployment;
  const { queues, tables } = clients;
  const backlogs = parts.each('queues of facts', factQueues, ALWAYS, ({ deployed }) =>
    queueBacklog(queues, deployed.queueUrl),
  );
  const dead = parts.each('dead-letter queues of facts', factQueues, ALWAYS, ({ deployed }) =>
    queueBacklogs(queues, [deployed.deadLetterQueueUrl, deployed.subscriptionDeadLetterQueueUrl]),
  );
  const parked = parts.each('parked facts', factQueues, ALWAYS, ({ deployed }) =>
    countParked(tables, deployed.parkingTable),
  );
  const subscribed = factQueues.filter(({ deployed }) => (deployed.subscriptions ?? []).length > 0);
  const deliveries = parts.each('subscriptions of facts', subscribed, ALWAYS, async ({ deployed }) =>
    worst(await Promise.all((deployed.subscriptions ?? []).map((arn) => deliveryOf(clients, arn)))),
  );
  const failures = parts.each('failed effects', effects, ALWAYS, ({ failureQueueUrl }) =>
    queueBacklog(queues, failureQueueUrl),
  );
  const due = parts.each('due instances of sagas', sagas, ALWAYS, ({ table }, nowMs) =>
    countDue({ client: tables, tableName: table }, nowMs),
  );
  const counting = countAll || isLocal ? sagas : [];
  const counted = parts.each('instances of sagas', counting, ALWAYS, ({ table, name }, _, progress) =>
    countInstances({ client: tables, tableName: table }, name, { countAll, progress }),
  );
  return async (nowMs) => {
    const [lengths, letters, counts, states, failed, late, instances] = await Promise.all([
      backlogs(nowMs),
      dead(nowMs),
      parked(nowMs),
      deliveries(nowMs),
      failures(nowMs),
      due(nowMs),
      counted(nowMs),
    ]);
    const deliveryAt = (queue: FactQueue) =>
      subscribed.includes(queue) ? (states[subscribed.indexOf(queue)] ?? 'unknown') : 'live';
    const stateOf = (queue: FactQueue): FactQueueStatus => {
      const at = factQueues.indexOf(queue);
      const [backlog = null, deadLetters = null, events = null] = [lengths[at], letters[at], counts[at]];
      return { queue: queue.name, backlog, deadLetters, parked: events, delivery: deliveryAt(queue) };
    };
    return {
      factQueues: serviceQueues(deployment).map(stateOf),
      sagas: sagas.map(({ name }, index) => {
        const { waiting = null, decided = null, cancelled = null } = instances[index] ?? {};
        const ofEffects = effects.flatMap((one, at) => (one.name === name ? [failed[at] ?? null] : []));
        return {
          saga: name,
          ...{ waiting, due: late[index] ?? null, decided, cancelled },
          ...totals(factQueues.filter((queue) => queue.name === name).map(stateOf)),
          effectQueues: effectQueuesOf(deployment, name).map(stateOf),
          effectFailures: total(ofEffects),
        };
      }),
    };
  };
}

async function deliveryOf({ topics }: Deployment['clients'], arn: string): Promise<FactQueueStatus['delivery']> {
  try {
    return (await subscriptionState(topics, arn)).delivery;
  } catch (error) {
    if (isDenied(error)) return 'unknown';
    if (error instanceof Error && error.name.startsWith('NotFound')) return 'missing';
    throw error;
  }
}

function worst(deliveries: readonly FactQueueStatus['delivery'][]): FactQueueStatus['delivery'] {
  return delivery.options.find((one) => deliveries.includes(one)) ?? 'live';
}

/** The sums of several queues. */
export function totals(queues: readonly FactQueueStatus[]): Omit<FactQueueStatus, 'queue'> {
  return {
    backlog: total(queues.map(({ backlog }) => backlog)),
    deadLetters: total(queues.map(({ deadLetters }) => deadLetters)),
    parked: total(queues.map(({ parked }) => parked)),
    delivery: worst(queues.map((queue) => queue.delivery)),
  };
}

/** The sum; null if one of the counts isn't known. */
export function total(counts: readonly (number | null)[]): number | null {
  return counts.reduce((sum, one) => (sum === null || one === null ? null : sum + one), 0 as number | null);
}
