import { queueBacklog } from 'freshet-aws/internal/adapters/govern/report';
import { countParked } from '../../clients/parked-count.ts';
import { countDue, countInstances } from '../../clients/saga-counts.ts';
import type { Deployment, FactQueue } from '../../deployment/deployment.ts';
import { effectQueuesOf, serviceQueues } from '../../observe/facts.ts';
import type { Parts } from '../../observe/parts.ts';
import type { Ask } from '../../observe/remembered.ts';
import type { FactQueueFlow, FactTopicFlow, SagaFlow } from './documents.ts';
import { EVERY } from './every.ts';
import type { FunctionStates } from './function-states.ts';

/** A look at the topics and queues of facts, and at the sagas. */
export interface FactsLook {
  readonly factTopics: readonly FactTopicFlow[];
  readonly factQueues: readonly FactQueueFlow[];
  readonly sagas: readonly SagaFlow[];
}

/** Creates the look at facts and sagas. */
export function createFactsLook(
  deployment: Deployment,
  parts: Parts,
): (nowMs: number, functions: Ask<FunctionStates>) => Promise<FactsLook> {
  const { factTopics, factQueues, sagas, effects, clients, isLocal } = deployment;
  const { queues, tables } = clients;
  const backlogs = parts.each('queues of facts', factQueues, EVERY.queues, ({ deployed }) =>
    queueBacklog(queues, deployed.queueUrl),
  );
  const dead = parts.each('dead-letter queues of facts', factQueues, EVERY.queues, async ({ deployed }) => {
    const urls = [deployed.deadLetterQueueUrl, deployed.subscriptionDeadLetterQueueUrl];
    return total(await Promise.all(urls.map((url) => queueBacklog(queues, url))));
  });
  const parked = parts.each('parked facts', factQueues, EVERY.parked, ({ deployed }) =>
    countParked(tables, deployed.parkingTable),
  );
  const failures = parts.each('failed effects', effects, EVERY.queues, ({ failureQueueUrl }) =>
    queueBacklog(queues, failureQueueUrl),
  );
  const due = parts.each('due instances of sagas', sagas, EVERY.slow, ({ table }, nowMs) =>
    countDue({ client: tables, tableName: table }, nowMs),
  );
  const waiting = parts.each('instances of sagas', isLocal ? sagas : [], EVERY.slow, ({ table, name }) =>
    countInstances({ client: tables, tableName: table }, name),
  );
  return async (nowMs, functions) => {
    const [lengths, letters, counts, failed, late, instances, states] = await Promise.all([
      backlogs(nowMs),
      dead(nowMs),
      parked(nowMs),
      failures(nowMs),
      due(nowMs),
      waiting(nowMs),
      functions(nowMs),
    ]);
    const sumOf = (some: readonly FactQueue[], values: readonly (number | undefined)[]) =>
      total(some.map((queue) => values[factQueues.indexOf(queue)] ?? 0));
    const flowOf = (name: string, some: readonly FactQueue[]): FactQueueFlow => ({
      name,
      backlog: sumOf(some, lengths),
      deadLetters: sumOf(some, letters),
      parked: sumOf(some, counts),
    });
    return {
      factTopics: factTopics.map(({ boundary, relay }) => ({ boundary, relay: states.of(relay) })),
      factQueues: serviceQueues(deployment).map((queue) => flowOf(queue.name, [queue])),
      sagas: sagas.map(({ name, decider }, index) => {
        const retries = effectQueuesOf(deployment, name);
        const ofHandlers = effects.map((one, place) => (one.name === name ? (failed[place] ?? 0) : 0));
        return {
          ...flowOf(
            name,
            factQueues.filter((queue) => queue.name === name),
          ),
          decider: states.of(decider),
          waiting: instances[index]?.waiting ?? null,
          due: late[index] ?? 0,
          effectBacklog: sumOf(retries, lengths),
          effectFailures: total(ofHandlers) + sumOf(retries, counts),
        };
      }),
    };
  };
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, one) => sum + one, 0);
}
