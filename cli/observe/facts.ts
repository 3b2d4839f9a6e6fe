import { subscriptionState } from 'freshet-aws/internal/adapters/facts/subscriptions';
import { queueBacklog } from 'freshet-aws/internal/adapters/govern/report';
import { sideBySide } from 'freshet-aws/internal/core/side-by-side';
import * as z from 'zod/mini';
import { countParked } from '../clients/parked-count.ts';
import { countDue, countInstances } from '../clients/saga-counts.ts';
import type { Deployment, FactQueue } from '../deployment/deployment.ts';
import { isDenied } from '../errors.ts';

const count = z.int();

/**
 * The state of a queue's subscriptions that needs most attention.
 *
 * - `missing`: somebody deleted a subscription, so its facts aren't delivered
 * - `paused`: new facts aren't delivered, because a bounded replay has ended
 * - `failed`: a replay failed
 * - `replaying`: archived facts are delivered, and new ones wait behind them
 * - `unknown`: the state may not be read
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
  waiting: z.nullable(count),
  /** Waiting instances whose deadline has passed and for which no alert has been raised yet. */
  due: count,
  /** Stored instances that have decided; null if they weren't counted. */
  decided: z.nullable(count),
  /** Stored instances that were cancelled; null if they weren't counted. */
  cancelled: z.nullable(count),
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

/** Queues or sagas that are read at the same time. */
const AT_ONCE = 8;

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

/** Reads the state of the fact queues of services. */
export function readFactQueues(deployment: Deployment): Promise<FactQueueStatus[]> {
  return sideBySide(serviceQueues(deployment), AT_ONCE, (queue) => queueState(deployment, queue));
}

/** Reads the state of the sagas. @param countAll whether to count the instances, which reads whole tables */
export function readSagas(deployment: Deployment, countAll: boolean, nowMs: number): Promise<SagaStatus[]> {
  const { clients, effects } = deployment;
  return sideBySide(deployment.sagas, AT_ONCE, async ({ name, table }) => {
    const source = { client: clients.tables, tableName: table };
    const facts = deployment.factQueues.filter((queue) => queue.name === name);
    const failures = effects.filter((one) => one.name === name).map((one) => one.failureQueueUrl);
    const [due, counts, ofFacts, effectQueues, failed] = await Promise.all([
      countDue(source, nowMs),
      countAll ? countInstances(source, name) : { waiting: null, decided: null, cancelled: null },
      Promise.all(facts.map((queue) => queueState(deployment, queue))),
      Promise.all(effectQueuesOf(deployment, name).map((queue) => queueState(deployment, queue))),
      Promise.all(failures.map((url) => queueBacklog(clients.queues, url))),
    ]);
    return { saga: name, due, ...counts, ...totals(ofFacts), effectQueues, effectFailures: total(failed) };
  });
}

async function queueState({ clients }: Deployment, { name, deployed }: FactQueue): Promise<FactQueueStatus> {
  const [backlog, deadLetters, undelivered, parked, deliveries] = await Promise.all([
    queueBacklog(clients.queues, deployed.queueUrl),
    queueBacklog(clients.queues, deployed.deadLetterQueueUrl),
    queueBacklog(clients.queues, deployed.subscriptionDeadLetterQueueUrl),
    countParked(clients.tables, deployed.parkingTable),
    Promise.all((deployed.subscriptions ?? []).map((arn) => deliveryOf(clients, arn))),
  ]);
  return { queue: name, backlog, deadLetters: deadLetters + undelivered, parked, delivery: worst(deliveries) };
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

function total(counts: readonly number[]): number {
  return counts.reduce((sum, one) => sum + one, 0);
}
