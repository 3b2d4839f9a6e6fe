import type { Context } from 'aws-lambda';
import { createdLater, dynamoDbClient, snsClient, sqsClient } from '../adapters/aws/clients.ts';
import { createFlow } from '../adapters/govern/flow.ts';
import { connectPostgres } from '../adapters/postgres/connection.ts';
import { createRelaying } from '../adapters/postgres/relaying.ts';
import { outboxTelemetry } from '../adapters/postgres/telemetry.ts';
import { relayTelemetry } from '../adapters/project/telemetry.ts';
import { createDiverting } from '../adapters/relay/divert.ts';
import { createPublisher } from '../adapters/relay/topic.ts';
import { factRelayName } from '../core/monitoring-names.ts';
import boundary from './boundary.ts';
import { emitter, required } from './environment.ts';
import { databaseSettings } from './postgres.ts';

/** Time for the lane that is being relayed when the time is up, and for closing the connection. */
const TIME_OF_A_LANE_MS = 20_000;

const database = databaseSettings();
const keepRelayingMs = Number(required('KEEP_RELAYING_SECONDS')) * 1000;
const flow = createFlow({ client: dynamoDbClient(), tableName: required('FLOW_TABLE') });
const topics = snsClient();
const factTopicArn = process.env.FACT_TOPIC_ARN;
const divert = createDiverting({
  client: createdLater(sqsClient),
  queueUrl: required('FAILURE_QUEUE_URL'),
  record: () => undefined,
});
const relay = createRelaying({
  boundary,
  schema: required('DATABASE_SCHEMA'),
  ports: {
    publish: createPublisher({ client: topics, topicArn: required('TOPIC_ARN') }),
    publishFacts: factTopicArn === undefined ? undefined : createPublisher({ client: topics, topicArn: factTopicArn }),
    divert: (change, reason, message) =>
      divert(change.sequenceNumber, reason, message, change.kind === 'committed' ? change.owned.entity : null),
  },
  async relayOptions() {
    const [state, readsCompressed] = await Promise.all([flow.state(), flow.readsCompressed()]);
    return { conflate: state !== 'normal', readsCompressed };
  },
  conflateAfterSeconds: Number(required('CONFLATE_AFTER_SECONDS')),
  reports: {
    entities: relayTelemetry(emitter(boundary.name)),
    facts: relayTelemetry(emitter(factRelayName(boundary.name))),
    backlog: outboxTelemetry(emitter(boundary.name)),
  },
});

/**
 * Publishes what is in the outbox until the invocation's time is nearly up. Runs on a schedule, after a deployment, and
 * when a writer or the governor wakes it; then it ends as soon as nothing waits.
 */
export async function handler(event: object, context: Context): Promise<void> {
  const isScheduled = !('wake' in event);
  const beats = isScheduled || 'beat' in event;
  const untilMs = Date.now() + keepRelayingMs;
  const client = await connectPostgres(database);
  try {
    await relay(client, {
      beats,
      isOver: () => context.getRemainingTimeInMillis() < TIME_OF_A_LANE_MS,
      staysIdle: () => isScheduled && Date.now() < untilMs,
    });
  } finally {
    await client.end();
  }
}
