import { describe, expect, test } from 'vitest';
import { deleted, owned, product } from '../../support/events.ts';
import { FAILED, NOTHING, PUBLISHED, ports, REFUSED, relayed, stream } from '../../support/relaying.ts';

describe('conflation', () => {
  test('with conflation only the newest version of each entity is published, entities concurrently', async () => {
    const topic = ports();
    const [a, b] = [product('a'), product('b')];
    const changes = stream(owned(a, 1), owned(a, 2), owned(b, 1), deleted(b, 2), owned(a, 3));
    const report = await relayed(changes, topic, true);
    expect(topic.calls.map((call) => call.map(({ deduplicationId }) => deduplicationId))).toEqual([
      ['Product/a@3', 'Product/b@2'],
    ]);
    expect(report).toEqual({ ...NOTHING, published: 2, conflated: 3 });
  });

  test('with conflation the next newest version is published if the newest is refused', async () => {
    const topic = ports(({ deduplicationId }) => (deduplicationId === 'Product/p1@3' ? REFUSED : PUBLISHED));
    const report = await relayed(stream(owned(product(), 1), owned(product(), 2), owned(product(), 3)), topic, true);
    expect(topic.published()).toEqual(['Product/p1@3', 'Product/p1@2']);
    expect(topic.diverted).toMatchObject([{ sequenceNumber: '3', reason: 'refused' }]);
    expect(report).toEqual({ ...NOTHING, published: 1, conflated: 1, diverted: 1 });
  });

  test('with conflation a failed version fails together with the older versions of its entity', async () => {
    const topic = ports(({ groupId }) => (groupId === 'Product/a' ? FAILED : PUBLISHED));
    const [a, b] = [product('a'), product('b')];
    const report = await relayed(stream(owned(a, 1), owned(b, 1), owned(a, 2), owned(b, 2)), topic, true);
    expect(report).toEqual({ ...NOTHING, published: 1, conflated: 1, failed: ['1', '3'] });
  });

  test('with conflation a newer version replaces a resync of the previous version', async () => {
    const topic = ports();
    const again = { sequenceNumber: '0', kind: 'committed', owned: owned(product(), 1), resync: 'token' } as const;
    await relayed([again, ...stream(owned(product(), 2))], topic, true);
    expect(topic.published()).toEqual(['Product/p1@2']);
  });
});
