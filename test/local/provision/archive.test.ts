import { expect, it } from 'vitest';
import { createTopic } from '../../../local/provision/messages.ts';
import type { ResourceRequest } from '../../../local/provision/resource.ts';
import { virtualAccount } from '../fifo/virtual-account.ts';

it('a newer template gives a topic an archive, changes its days and takes it away, without losing the topic', async () => {
  const { messaging } = virtualAccount();
  const apply = (archive: object, before?: ResourceRequest['before']) => {
    const properties = { TopicName: 't.fifo', FifoTopic: true, ...archive };
    const request = { stack: { name: 'Test' }, logicalId: 'Topic', properties, target: { messaging }, before };
    return createTopic(request as unknown as ResourceRequest);
  };
  const first = await apply({});
  const { archive } = messaging.topics.require(first.ref);
  expect(archive.isActive()).toBe(false);
  await apply({ ArchivePolicy: { MessageRetentionPeriod: 30 } }, first);
  expect(archive.isActive()).toBe(true);
  archive.add({
    messageId: 'm',
    sequenceNumber: '1',
    topicArn: first.ref,
    subject: undefined,
    message: 'x',
    messageAttributes: {},
    groupId: 'a',
    deduplicationId: 'd',
    atMs: messaging.now(),
  });
  await apply({ ArchivePolicy: { MessageRetentionPeriod: 7 } }, first);
  expect(archive.after(0, 0, 10)).toHaveLength(1);
  expect(await apply({}, first)).toEqual(first);
  expect([archive.isActive(), archive.after(0, 0, 10)]).toEqual([false, []]);
});
