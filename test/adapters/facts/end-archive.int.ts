import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DeleteTopicCommand } from '@aws-sdk/client-sns';
import type { CloudFormationCustomResourceEvent } from 'aws-lambda';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { snsClient } from '../../../adapters/aws/clients.ts';
import { answerCloudFormation, endArchive } from '../../../adapters/facts/end-archive.ts';
import { createMessaging } from '../../../local/fifo/messaging.ts';
import { LOCAL_CREDENTIALS } from '../../../local/identity.ts';
import { startWire, type Wire } from '../../../local/wire/server.ts';

const messaging = createMessaging({ now: Date.now, newId: randomUUID, region: 'us-east-1', accountId: '000000000000' });
let wire: Wire;
let topics: ReturnType<typeof snsClient>;

beforeAll(async () => {
  wire = await startWire({ messaging });
  topics = snsClient({ endpoint: wire.url, region: 'us-east-1', credentials: LOCAL_CREDENTIALS });
});
afterAll(async () => {
  topics.destroy();
  await wire.close();
});

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const archived = () => {
  const ArchivePolicy = '{"MessageRetentionPeriod":"30"}';
  return messaging.createTopic(`${randomUUID()}.fifo`, { FifoTopic: 'true', ArchivePolicy });
};

function event(RequestType: 'Create' | 'Update' | 'Delete', TopicArn: string, PhysicalResourceId?: string) {
  return {
    RequestType,
    ServiceToken: 'arn',
    ResponseURL: 'http://127.0.0.1/unused',
    StackId: 'stack',
    RequestId: 'request',
    LogicalResourceId: 'Archive',
    ResourceType: 'Custom::FreshetArchive',
    ResourceProperties: { ServiceToken: 'arn', TopicArn },
    ...(PhysicalResourceId && { PhysicalResourceId }),
  } as CloudFormationCustomResourceEvent;
}

test('the archive stays while the resource is created and updated, under the same id', async () => {
  const { arn, attributes } = archived();
  for (const type of ['Create', 'Update'] as const) {
    const answer = await endArchive(topics, event(type, arn, arn));
    expect(answer).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: arn, LogicalResourceId: 'Archive' });
  }
  expect(attributes().ArchivePolicy).toBe('{"MessageRetentionPeriod":"30"}');
});

test('once the resource is deleted, the topic can be deleted', async () => {
  const { arn: TopicArn } = archived();
  await expect(topics.send(new DeleteTopicCommand({ TopicArn }))).rejects.toThrow(/ArchivePolicy/);
  expect(await endArchive(topics, event('Delete', TopicArn, TopicArn))).toMatchObject({ Status: 'SUCCESS' });
  await topics.send(new DeleteTopicCommand({ TopicArn }));
});

test('after a change of the topic, only the archive of the earlier topic is deactivated', async () => {
  const [before, after] = [archived(), archived()];
  expect(await endArchive(topics, event('Update', after.arn, before.arn))).toMatchObject({
    PhysicalResourceId: after.arn,
  });
  await endArchive(topics, event('Delete', before.arn, before.arn));
  expect([before, after].map(({ archive }) => archive.isActive())).toEqual([false, true]);
});

test('a rollback of a creation that was never answered, whose id CloudFormation made up, ends the archive', async () => {
  const { arn, archive } = archived();
  const madeUp = 'Sales-FactssalesArchive-1ABCDEF';
  expect(await endArchive(topics, event('Delete', arn, madeUp))).toMatchObject({
    Status: 'SUCCESS',
    PhysicalResourceId: madeUp,
  });
  expect(archive.isActive()).toBe(false);
  const missing = arn.replace('000000000000:', '000000000000:missing-');
  expect(await endArchive(topics, event('Delete', missing, madeUp))).toMatchObject({ Status: 'SUCCESS' });
});

test('a topic that somebody deleted by hand counts as done, and another failure is told with its reason', async () => {
  const missing = archived().arn.replace('000000000000:', '000000000000:missing-');
  expect(await endArchive(topics, event('Delete', missing, missing))).toMatchObject({ Status: 'SUCCESS' });
  const broken = snsClient({ endpoint: 'http://127.0.0.1:1', region: 'us-east-1', credentials: LOCAL_CREDENTIALS });
  const answer = await endArchive(broken, event('Delete', missing, missing));
  expect(answer).toMatchObject({ Status: 'FAILED', PhysicalResourceId: missing });
  expect(answer.Reason).not.toBe('');
  broken.destroy();
});

test('the result is sent with an empty content type, and a refusal of CloudFormation fails the function', async () => {
  const seen: unknown[] = [];
  let status = 200;
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      seen.push([request.method, request.headers['content-type'], JSON.parse(body).Status]);
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const answer = await endArchive(topics, event('Create', archived().arn));
  await answerCloudFormation(url, answer);
  expect(seen).toEqual([['PUT', '', 'SUCCESS']]);
  status = 403;
  await expect(answerCloudFormation(url, answer)).rejects.toThrow(/status 403/);
});
