import type { SQSEvent } from 'aws-lambda';
import { receivedMessage } from '../../adapters/project/queue.ts';
import { projectBatch } from '../../core/project/batch.ts';
import type { ReceivedMessage } from '../../core/project/ports.ts';
import { isPageGroup } from '../../core/repair/pages.ts';
import { startSqsMapping } from '../../local/lambda/sqs-mapping.ts';
import { createProjectPorts } from './cache-ports.ts';
import { sendTo } from './consumer.ts';
import { createDeliveries } from './deliveries.ts';
import { countPoison, type Deployed, projectionOf } from './deployed.ts';
import type { FunctionOptions, Invocation } from './invocations.ts';

const PROJECTOR: FunctionOptions = { crash: 'projectorCrash', timeoutMs: 20_000, crashWithin: 8, mayRace: true };

/** Starts the projector of a cache, as lambdas/projector.ts. */
export function startProjector(deployed: Deployed): void {
  const { world, name, queue, alone } = deployed;
  const { ledger, scheduler, functions, wrong } = world;
  const deliveries = createDeliveries(world, name);
  const onCrash = (invocation: Invocation): void => {
    const messageId = alone.get(invocation.id);
    if (messageId !== undefined) ledger.uncleanEnd(name, messageId);
    alone.delete(invocation.id);
  };
  startSqsMapping({
    reportBatchItemFailures: true,
    now: scheduler.nowMs,
    region: 'eu-central-1',
    setTimer: (callback, delayMs) => scheduler.after(delayMs, callback),
    queue,
    functionArn: `${name}-projector`,
    maximumConcurrency: 4,
    async invoke(event) {
      const messages = event.Records.map((record) => (wrong.received ?? ((one) => one))(receivedMessage(record)));
      for (const message of messages) ledger.arrived(name, message);
      const pages = messages.filter(({ groupId }) => isPageGroup(groupId));
      const batch = messages.filter(({ groupId }) => !isPageGroup(groupId));
      deliveries.begin(batch);
      const result = await functions.invoke(
        PROJECTOR,
        (invocation) => project(deployed, invocation, event, batch, pages),
        onCrash,
      );
      deliveries.end(batch);
      return result;
    },
  });
}

async function project(
  deployed: Deployed,
  invocation: Invocation,
  { Records }: SQSEvent,
  batch: readonly ReceivedMessage[],
  pages: readonly ReceivedMessage[],
): Promise<object> {
  const { world, name, cache } = deployed;
  const handles = new Map(Records.map(({ messageId, receiptHandle }) => [messageId, receiptHandle]));
  const ports = createProjectPorts(deployed, invocation, (id) => handles.get(id));
  const projection = projectionOf(deployed, invocation, ports, cache.fieldsRevision);
  const handedOver = handOver(deployed, invocation, pages);
  const report = await (world.wrong.project ?? projectBatch)(projection, batch, invocation.outOfTime);
  if (!invocation.isDead) {
    world.ledger.answered(name, invocation, batch, report);
    countPoison(world, report);
  }
  const returned = [...report.returned.map(({ message }) => message.messageId), ...(await handedOver)];
  return { batchItemFailures: returned.map((itemIdentifier) => ({ itemIdentifier })) };
}

/** Hands pages over to the repair function. Returns the ids of those that couldn't be handed over. */
async function handOver(
  { world, pageQueue }: Deployed,
  invocation: Invocation,
  pages: readonly ReceivedMessage[],
): Promise<string[]> {
  const results = await Promise.allSettled(
    pages.map(({ groupId, body }) => invocation.call('queue', groupId, () => sendTo(world, pageQueue, body))),
  );
  return pages.flatMap(({ messageId }, index) => (results[index]?.status === 'rejected' ? [messageId] : []));
}
