import { UpdateFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import {
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, describe, test } from 'vitest';
import { type Stage, startStage } from './rehearsal/stage.ts';

let stage: Stage;
const slow = { timeout: 180_000 };

beforeAll(async () => {
  stage = await startStage();
}, 120_000);
afterEach(async () => {
  await stage.run('rehearse', '--undo');
});
afterAll(() => stage?.stop());

describe('alarms on facts', slow, () => {
  test('facts-not-published: an item that createFacts did not write raises it, and its message is deleted', () =>
    stage.rehearse('facts-not-published', 'sales', ({ FACT_FAILURES_URL }) => stage.deleteMessages(FACT_FAILURES_URL)));

  test('facts-delayed, facts-unpublished-for-hours: a stopped relay raises both, and its concurrency is removed', () =>
    stage.rehearse(['facts-delayed', 'facts-unpublished-for-hours'], 'sales', ({ FACT_RELAY }) =>
      stage.runAgain(FACT_RELAY),
    ));

  test('facts-parked: a message that is not a fact raises it, and is discarded', () =>
    stage.rehearse('facts-parked', 'charges', () =>
      stage.freshet('parked', 'discard', 'charges', '--reason', 'malformed', '--yes'),
    ));

  test('facts-undelivered: an undelivered fact raises it, and is sent to the queue', () =>
    stage.rehearse('facts-undelivered', 'charges', async ({ FACT_UNDELIVERED_URL, FACT_QUEUE_URL }) => {
      const { queues } = stage.deployment.clients;
      const { Messages: [message] = [] } = await queues.send(
        new ReceiveMessageCommand({ QueueUrl: FACT_UNDELIVERED_URL, MessageSystemAttributeNames: ['MessageGroupId'] }),
      );
      await queues.send(
        new SendMessageCommand({
          QueueUrl: FACT_QUEUE_URL,
          MessageBody: message?.Body,
          MessageGroupId: message?.Attributes?.MessageGroupId,
          MessageDeduplicationId: message?.MessageId,
        }),
      );
      const ReceiptHandle = message?.ReceiptHandle;
      await queues.send(new DeleteMessageCommand({ QueueUrl: FACT_UNDELIVERED_URL, ReceiptHandle }));
    }));

  test('facts-dead-letters: a fact that no try answered raises it, and SQS moves it back', () =>
    stage.rehearse('facts-dead-letters', 'charges', ({ FACT_DEAD_LETTERS_URL = '' }) => {
      const SourceArn = stage.cloud.messaging.queues.require(FACT_DEAD_LETTERS_URL).arn;
      return stage.deployment.clients.queues.send(new StartMessageMoveTaskCommand({ SourceArn }));
    }));

  test('facts-waiting, facts-waiting-for-hours: a stopped function raises both, and its concurrency is removed', () =>
    stage.rehearse(['facts-waiting', 'facts-waiting-for-hours'], 'charges', ({ FACT_HANDLER }) =>
      stage.runAgain(FACT_HANDLER),
    ));

  test('facts-crashing: a broken handler raises it, and the former one is deployed again', () =>
    stage.rehearse('facts-crashing', 'charges', ({ FACT_HANDLER }) =>
      stage.deployment.clients.functions.send(
        new UpdateFunctionConfigurationCommand({ FunctionName: FACT_HANDLER, Handler: 'index.handler' }),
      ),
    ));
});

describe('alarms on a saga', slow, () => {
  test('saga-overdue: an instance beyond its deadline raises it once', () =>
    stage.rehearse('saga-overdue', 'shipping', async () => undefined));

  test('saga-deadlines-silent: a stopped check raises it, and its concurrency is removed', () =>
    stage.rehearse('saga-deadlines-silent', 'shipping', ({ DEADLINES }) => stage.runAgain(DEADLINES)));

  test('effects-failed: a batch that Lambda gave up raises it, and its message is deleted', () =>
    stage.rehearse('effects-failed', 'shipping', ({ EFFECT_FAILURES_URL }) =>
      stage.deleteMessages(EFFECT_FAILURES_URL),
    ));

  test('effects-delayed, effects-waiting-for-hours: a stopped function raises both, and its concurrency is removed', () =>
    stage.rehearse(['effects-delayed', 'effects-waiting-for-hours'], 'shipping', ({ EFFECT_HANDLER }) =>
      stage.runAgain(EFFECT_HANDLER),
    ));
});
