import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { ATTRIBUTE } from 'freshet-aws/internal/adapters/aws/items';
import type { Deployment, FactQueue } from '../../deployment/deployment.ts';
import { UsageError } from '../../errors.ts';
import {
  all,
  attributesOf,
  breaking,
  mappingOf,
  nameOf,
  sendingMalformed,
  setting,
  stopping,
  unique,
  unplugged,
} from './actions.ts';
import { commitAgain, newestFacts, publishAgain } from './facts.ts';
import { named, type Provoked, type Rehearsal, withTable } from './rehearsal.ts';

type FactTopic = ReturnType<typeof withTable>[number];

function ofTopic(
  does: string,
  after: string,
  provoke: (deployment: Deployment, topic: FactTopic) => Promise<Provoked>,
) {
  const on = 'topic of facts';
  const find = ({ factTopics }: Deployment, name: string) =>
    named(withTable(factTopics), ({ boundary }) => boundary, name);
  const rehearsal: Rehearsal = {
    on,
    does,
    after,
    provoke: (deployment, name) => provoke(deployment, find(deployment, name)),
  };
  return rehearsal;
}

function ofQueue(
  does: string,
  after: string,
  provoke: (deployment: Deployment, queue: FactQueue) => Promise<Provoked>,
) {
  const on = 'queue of facts';
  const find = ({ factQueues }: Deployment, name: string) => named(factQueues, (queue) => queue.name, name);
  const rehearsal: Rehearsal = {
    on,
    does,
    after,
    provoke: (deployment, name) => provoke(deployment, find(deployment, name)),
  };
  return rehearsal;
}

/** The alarms on topics and queues of facts. */
export const FACT_REHEARSALS: Readonly<Record<string, Rehearsal>> = {
  'facts-not-published': ofTopic(
    'puts an item into the table of facts without createFacts',
    '2 minutes',
    async ({ clients }, { table, failureQueueUrl }) => {
      const id = unique();
      const key = { [ATTRIBUTE.partition]: { S: `Rehearsal/${id}` }, [ATTRIBUTE.id]: { S: id } };
      await clients.tables.send(new PutItemCommand({ TableName: table, Item: key }));
      return {
        did: [`put the item ${id} into ${table}, with a key and nothing else`],
        undo: [
          { kind: 'remove', queueUrl: failureQueueUrl, text: id },
          { kind: 'delete', table, key },
        ],
      };
    },
  ),
  'facts-delayed': ofTopic('stops the relay and commits the newest fact again', '17 minutes', delayRelay),
  'facts-unpublished-for-hours': ofTopic('stops the relay and commits the newest fact again', '2.5 hours', delayRelay),
  'facts-parked': ofQueue('sends a message that is not a fact', '2 minutes', (deployment, { name, deployed }) =>
    sendingMalformed(deployment, deployed.queueUrl, name),
  ),
  'facts-undelivered': ofQueue(
    "sends the copy of a fact to the dead-letter queue of the subscription, as SNS does with a fact that it can't deliver",
    '2 minutes',
    async (deployment, queue) => {
      const { body, groupId } = await factFor(deployment, queue);
      const QueueUrl = queue.deployed.subscriptionDeadLetterQueueUrl;
      const message = { MessageBody: body, MessageGroupId: groupId, MessageDeduplicationId: unique() };
      await deployment.clients.queues.send(new SendMessageCommand({ QueueUrl, ...message }));
      const id = idOf(body);
      return {
        did: [`sent the fact ${id} to ${nameOf(QueueUrl)}`],
        undo: [{ kind: 'remove', queueUrl: QueueUrl, text: id }],
      };
    },
  ),
  'facts-dead-letters': ofQueue(
    'publishes facts again, and receives them until SQS moves them to the dead-letter queue',
    '2 minutes',
    deadLetters,
  ),
  'facts-waiting': ofQueue('stops the function and publishes facts again', '12 minutes', waiting),
  'facts-waiting-for-hours': ofQueue('stops the function and publishes facts again', '2.1 hours', waiting),
  'facts-crashing': ofQueue(
    "gives the function a handler that doesn't exist, and publishes facts again",
    '3 visibility time-outs of the queue (about 6 minutes)',
    async (deployment, queue) => {
      const { functionName } = await handlerOf(deployment, queue);
      const broken = await breaking(deployment, functionName);
      const ids = await publishAgain(deployment, endpointOf(queue));
      return all(broken, { did: [`published the facts ${ids.join(', ')} again`], undo: [] });
    },
  ),
};

async function delayRelay(deployment: Deployment, topic: FactTopic): Promise<Provoked> {
  const [newest] = await newestFacts(deployment, topic);
  const stopped = await stopping(deployment, topic.relay);
  await commitAgain(deployment, topic, newest);
  return all(stopped, { did: [`committed the fact ${newest[ATTRIBUTE.id]?.S} again`], undo: [] });
}

async function waiting(deployment: Deployment, queue: FactQueue): Promise<Provoked> {
  const { functionName } = await handlerOf(deployment, queue);
  const stopped = await stopping(deployment, functionName);
  const ids = await publishAgain(deployment, endpointOf(queue));
  return all(stopped, { did: [`published the facts ${ids.join(', ')} again`], undo: [] });
}

/** With a limit of one receive, SQS moves a message at its second receive. */
async function deadLetters(deployment: Deployment, queue: FactQueue): Promise<Provoked> {
  const { queues } = deployment.clients;
  const { queueUrl: QueueUrl } = queue.deployed;
  const { id } = await handlerOf(deployment, queue);
  const { RedrivePolicy = '' } = await attributesOf(queues, QueueUrl);
  return unplugged(deployment, id, async () => {
    const once = JSON.stringify({ ...(JSON.parse(RedrivePolicy) as object), maxReceiveCount: 1 });
    await setting(deployment, QueueUrl, { RedrivePolicy: once });
    try {
      const ids = await publishAgain(deployment, endpointOf(queue));
      for (let receives = 0; receives < 3; receives += 1) await receiveAll(deployment, QueueUrl);
      return {
        did: [`published the facts ${ids.join(', ')} again, and received them twice with a maxReceiveCount of 1`],
        undo: [],
      };
    } finally {
      await setting(deployment, QueueUrl, { RedrivePolicy });
    }
  });
}

async function receiveAll({ clients }: Deployment, QueueUrl: string): Promise<void> {
  const input = { QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 0 };
  await clients.queues.send(new ReceiveMessageCommand(input));
}

/** A fact that the queue accepts, as the topic delivers it. The fact itself is then processed again. */
async function factFor(deployment: Deployment, queue: FactQueue): Promise<{ body: string; groupId: string }> {
  const { id } = await handlerOf(deployment, queue);
  const { queueUrl: QueueUrl } = queue.deployed;
  return unplugged(deployment, id, async () => {
    await publishAgain(deployment, endpointOf(queue));
    const { Messages: [message] = [] } = await deployment.clients.queues.send(
      new ReceiveMessageCommand({ QueueUrl, VisibilityTimeout: 0, MessageSystemAttributeNames: ['MessageGroupId'] }),
    );
    const { Body: body, Attributes: { MessageGroupId: groupId } = {} } = message ?? {};
    if (body !== undefined && groupId !== undefined) return { body, groupId };
    throw new UsageError(`queue ${queue.name}: it receives none of the facts that were published so far.`);
  });
}

async function handlerOf(deployment: Deployment, { name, deployed }: FactQueue) {
  const found = await mappingOf(deployment, deployed.queueUrl);
  if (found !== undefined) return found;
  throw new UsageError(`queue ${name}: no function handles it.`);
}

function idOf(body: string): string {
  return (JSON.parse(body) as { id: string }).id;
}

/** The address of the local services: the start of a queue's URL. */
function endpointOf({ deployed }: FactQueue): string {
  return new URL(deployed.queueUrl).origin;
}
