import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { type LocalCloud, startLocalCloud } from '../../../local/cloud.ts';
import { send } from '../fifo/virtual-account.ts';
import { removeFolders, temporaryFolder, writeAssembly } from '../provision/assembly-fixture.ts';

// The figures of a function that is slow compared to its queue's visibility timeout.
const GROUPS = 24;
const WORK_MS = 600;
const VISIBILITY_SECONDS = 4;

let cloud: LocalCloud | undefined;
afterEach(async () => {
  await cloud?.stop();
  cloud = undefined;
});
afterAll(removeFolders);

/** A queue of which a function processes one message at a time. The function logs how many invocations run. */
async function slowConsumer(functionProperties: object = {}, concurrency?: number) {
  const bundle = temporaryFolder();
  const handler = `exports.handler = async ({ Records }) => {
    console.log('start');
    await new Promise((done) => setTimeout(done, ${WORK_MS}));
    console.log('end');
  };`;
  writeFileSync(join(bundle, 'index.js'), handler);
  const assembly = writeAssembly({ S: { Resources: resources(functionProperties) } }, { slow: bundle });
  let running = 0;
  let most = 0;
  const onLog = (_name: string, line: string) => {
    if (line === 'start') running += 1;
    if (line === 'end') running -= 1;
    most = Math.max(most, running);
  };
  cloud = await startLocalCloud({ assembly, iam: 'off', onLog, ...(concurrency !== undefined && { concurrency }) });
  const { queues } = cloud.messaging;
  return { cloud, queue: queues.require('S-Queue.fifo'), dead: queues.require('S-Dead.fifo'), most: () => most };
}

function resources(functionProperties: object) {
  return {
    Dead: { Type: 'AWS::SQS::Queue', Properties: { FifoQueue: true } },
    Queue: {
      Type: 'AWS::SQS::Queue',
      Properties: {
        FifoQueue: true,
        VisibilityTimeout: VISIBILITY_SECONDS,
        RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['Dead', 'Arn'] }, maxReceiveCount: 2 },
      },
    },
    Fn: {
      Type: 'AWS::Lambda::Function',
      Properties: { Code: { S3Key: 'slow.zip' }, Handler: 'index.handler', Timeout: 3, ...functionProperties },
    },
    Mapping: {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: {
        FunctionName: { Ref: 'Fn' },
        EventSourceArn: { 'Fn::GetAtt': ['Queue', 'Arn'] },
        BatchSize: 1,
      },
    },
  };
}

describe('a slow function on a FIFO queue · lam/services-sqs-scaling', () => {
  it('no healthy message of 24 groups reaches the dead-letter queue, and each is received once', async () => {
    const { cloud, queue, dead, most } = await slowConsumer();
    for (let n = 0; n < GROUPS; n += 1) send(queue, `group-${n}`, 'healthy');
    await cloud.idle();
    expect(dead.counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
    expect(queue.totals).toEqual({ sent: GROUPS, received: GROUPS, deleted: GROUPS });
    // The first two invocations show how slow the function is. All other groups then have one at the same time.
    expect(most()).toBeGreaterThan(GROUPS / 2);
  }, 30_000);

  it('messages wait in the queue if the local cloud runs one invocation at a time', async () => {
    const { cloud, queue, dead, most } = await slowConsumer({}, 1);
    for (let n = 0; n < 10; n += 1) send(queue, `group-${n}`, 'healthy');
    await cloud.idle();
    expect(dead.totals.sent).toBe(0);
    expect(queue.totals).toEqual({ sent: 10, received: 10, deleted: 10 });
    expect(most()).toBe(1);
  }, 30_000);

  it('a mapping takes more messages than its function has reserved concurrency for, and the rest is throttled', async () => {
    const { cloud, queue, most } = await slowConsumer({ ReservedConcurrentExecutions: 3 });
    for (let n = 0; n < 6; n += 1) send(queue, `group-${n}`, 'healthy');
    await cloud.idle();
    expect(cloud.functions.functions()[0]?.throttles).toBeGreaterThanOrEqual(3);
    expect(queue.totals.deleted).toBe(6);
    expect(most()).toBe(3);
  }, 30_000);

  it('a queue whose visibility timeout is shorter than the timeout of its function is refused · lam/services-sqs-configure', async () => {
    await expect(slowConsumer({ Timeout: 5 })).rejects.toThrow(
      'Queue visibility timeout: 4 seconds is less than Function timeout: 5 seconds',
    );
  });
});
