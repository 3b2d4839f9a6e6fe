import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { type FunctionUrl, FunctionUrlAuthType, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { SubscriptionFilter, type Topic } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { contractsFile } from '../../lib/contracts-module.ts';
import { EntityOwner } from '../../lib/entity-owner.ts';
import { LIMITS } from '../../lib/limits.ts';
import { LocalCache } from '../../lib/local-cache.ts';
import { repairQueue } from '../../lib/parking.ts';
import { fifoTopic, grantTable, protectedQueue, protectedTable } from '../../lib/protected-resources.ts';
import { mapStream } from '../../lib/stream-source.ts';
import catalogue, { CONSUMERS_OF } from './catalogue.ts';
import { CONSUMER, consumer, wantedBy } from './consumer.ts';
import { type Entry, FUNCTION_TIMEOUT, serviceFunction } from './service-function.ts';
import { STACKS } from './stacks.ts';

// The app runs in the local cloud only, so nothing in it needs protection.
const protection = { stage: 'development' } as const;

const app = new App({ ...(process.env.CDK_OUTDIR !== undefined && { outdir: process.env.CDK_OUTDIR }) });

// The owner: its API answers calls and callbacks, and its relay publishes events that carry the state.
const ownerStack = new Stack(app, STACKS.owner);
const owner = new EntityOwner(ownerStack, 'Owner', { boundary: catalogue, ...protection });
const api = ownersFunction(ownerStack, 'Api', 'api', { OWNER_TABLE: owner.table.tableName });
grantTable(owner.table, api, 'GetItem');
const url = api.addFunctionUrl({ authType: FunctionUrlAuthType.AWS_IAM });
new CfnOutput(ownerStack, 'ApiName', { value: api.functionName });

// The owner's notifier reads the same stream as the relay. A stream allows two readers (ddb/Streams).
const notifierStack = new Stack(app, STACKS.notifier);
const notifications = fifoTopic(notifierStack, 'Notifications', catalogue, protection);
const notifier = ownersFunction(notifierStack, 'Notifier', 'notifier', { TOPIC_ARN: notifications.topicArn });
notifications.grantPublish(notifier);
mapStream(notifier, 'Stream', owner.table, repairQueue(notifierStack, 'Failures', protection));
new CfnOutput(notifierStack, 'NotifierName', { value: notifier.functionName });

for (let number = 1; number <= CONSUMERS_OF.ForTen; number += 1) {
  const cache = carryingCache(number);
  const copy = notifiedCopy(number, notifications, url);
  const stack = new Stack(app, `${STACKS.page}${number}`);
  const page = consumersFunction(stack, number, 'page', {
    OWNER_URL: url.url,
    CACHE_TABLE: cache.table.tableName,
    COPY_TABLE: copy.tableName,
  });
  url.grantInvokeUrl(page);
  cache.grantRead(page);
  grantTable(copy, page, 'GetItem');
  new CfnOutput(stack, 'PageName', { value: page.functionName });
}
app.synth();

/** Event-carried state: a Freshet cache. */
function carryingCache(number: number): LocalCache {
  const cache = new LocalCache(new Stack(app, `${STACKS.cache}${number}`), 'Cache', {
    boundary: consumer(number),
    sources: [owner],
    ...protection,
  });
  for (const one of [cache.projector, cache.repair, cache.report]) {
    if (one instanceof LambdaFunction) one.addEnvironment(CONSUMER, String(number));
  }
  return cache;
}

/**
 * Notification and callback: a queue with a cache's retries, a function that asks the owner, and a table for answers.
 */
function notifiedCopy(number: number, topic: Topic, url: FunctionUrl): Table {
  const stack = new Stack(app, `${STACKS.listener}${number}`);
  const table = protectedTable(stack, 'Copy', protection, { pointInTimeRecovery: false });
  const retentionPeriod = LIMITS.maxRetention;
  const deadLetters = protectedQueue(stack, 'DeadLetters', protection, { fifo: true, retentionPeriod });
  const queue = protectedQueue(stack, 'Queue', protection, {
    fifo: true,
    retentionPeriod,
    visibilityTimeout: Duration.seconds(FUNCTION_TIMEOUT.toSeconds() * 6),
    deadLetterQueue: { queue: deadLetters, maxReceiveCount: LIMITS.maxMaxReceiveCount },
  });
  const filterPolicy = { type: SubscriptionFilter.stringFilter({ allowlist: wantedBy(number) }) };
  topic.addSubscription(new SqsSubscription(queue, { rawMessageDelivery: true, filterPolicy }));
  const listener = consumersFunction(stack, number, 'listener', {
    OWNER_URL: url.url,
    COPY_TABLE: table.tableName,
    QUEUE_URL: queue.queueUrl,
  });
  url.grantInvokeUrl(listener);
  grantTable(table, listener, 'PutItem');
  listener.addEventSource(new SqsEventSource(queue, { reportBatchItemFailures: true, maxConcurrency: 10 }));
  new CfnOutput(stack, 'ListenerName', { value: listener.functionName });
  new CfnOutput(stack, 'CopyTable', { value: table.tableName });
  new CfnOutput(stack, 'DeadLettersUrl', { value: deadLetters.queueUrl });
  return table;
}

function ownersFunction(stack: Stack, id: string, entry: Entry, environment: Record<string, string>) {
  return serviceFunction(stack, id, { entry, contracts: contractsFile(catalogue), environment });
}

function consumersFunction(stack: Stack, number: number, entry: Entry, environment: Record<string, string>) {
  const contracts = contractsFile(consumer(number));
  return serviceFunction(stack, 'Function', {
    entry,
    contracts,
    environment: { ...environment, [CONSUMER]: String(number) },
  });
}
