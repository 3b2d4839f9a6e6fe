import { describe, expect, test } from 'vitest';
import { parseFact, serialiseFact } from '../../../core/facts/event.ts';
import { factEventId, factGroupId } from '../../../core/facts/fact.ts';
import { parkedPoison, readFact } from '../../../core/facts/read-fact.ts';
import type { RelayedMessage } from '../../../core/relay/batch.ts';
import { relayBatch } from '../../../core/relay/batch.ts';
import { PUBLISHED_AT } from '../../support/events.ts';
import { WORST_ID } from '../../support/nasty-ids.ts';
import { contracts, happened, OCCURRED_AT, sales } from '../../support/sagas.ts';

const placed = happened('OrderPlaced', 'o1');
const body = serialiseFact(placed, PUBLISHED_AT);

describe('the event of a fact', () => {
  test('the event of a fact is a CloudEvent of kind fact that carries ids only', () => {
    expect(JSON.parse(body)).toEqual({
      specversion: '1.0',
      id: 'OrderPlaced/o1',
      source: 'urn:freshet:sales',
      type: 'OrderPlaced',
      time: OCCURRED_AT,
      datacontenttype: 'application/json',
      kind: 'fact',
      publishedat: PUBLISHED_AT,
      data: { orderId: 'o1', shoppingCartId: 'shoppingCartId-of-o1' },
    });
    expect(parseFact(body)).toEqual({ ...placed, publishedAt: PUBLISHED_AT });
  });

  test.each<[string, object | string, RegExp]>([
    ['text instead of JSON', '{', /^not JSON/],
    ['null instead of an object', 'null', /^envelope/],
    ['another kind', { kind: 'state' }, /^kind/],
    ['an id that no queue accepts', { id: 'é' }, /^id/],
    ['an id too long', { id: 'a'.repeat(129) }, /^id/],
    ['a source outside of Freshet', { source: 'https://example.com' }, /^source/],
    ['an invalid time', { time: 'yesterday' }, /^time/],
    ['a number in its data', { data: { orderId: 'o1', amount: 3 } }, /^data\.amount/],
    ['an object in its data', { data: { orderId: { id: 'o1' } } }, /^data\.orderId/],
    ['no data', { data: undefined }, /^data/],
  ])('a body with %s is no fact', (_, changes, message) => {
    const text = typeof changes === 'string' ? changes : JSON.stringify({ ...JSON.parse(body), ...changes });
    expect(parseFact(text)).toEqual({ reason: 'malformed', message: expect.stringMatching(message) });
  });

  test('the event id of a fact with any key is a valid deduplication id', () => {
    const ids = ['o1', 'é', WORST_ID, 'o'.repeat(46)];
    for (const about of ids) {
      for (const key of [undefined, ...ids]) expect(factEventId('T'.repeat(40), about, key)).toMatch(/^[!-~]{1,128}$/);
    }
    expect(factEventId('OrderPlaced', 'a')).not.toBe(factEventId('OrderPlaced', 'b'));
  });

  test('facts about two things have different event ids under the same key', () => {
    const ids = ['o1', 'o2'].flatMap((about) => [undefined, '1', '2'].map((key) => factEventId('Charged', about, key)));
    expect(new Set(ids).size).toBe(6);
  });

  test('facts about the same thing are in the same message group', () => {
    const [first, second] = contracts;
    expect(first && factGroupId(first, { orderId: 'o1' })).toBe('orderId/o1');
    expect(second && factGroupId(second, { orderId: 'o1' })).toBe('orderId/o1');
  });
});

describe('a message of a queue of facts', () => {
  const read = (changes: object, groupId = 'orderId/o1') =>
    readFact(contracts, { body: JSON.stringify({ ...JSON.parse(body), ...changes }), groupId });

  test('a message is read as its fact, without ids that the contract does not name', () => {
    expect(read({})).toEqual(placed);
    expect(read({ data: { ...placed.data, customerId: 'c1' } })).toEqual(placed);
  });

  test.each([
    ['malformed', { kind: 'state' }],
    ['unknown-type', { type: 'OrderShipped' }],
    ['wrong-owner', { source: 'urn:freshet:billing' }],
    ['invalid', { data: { orderId: 'o1' } }],
    ['wrong-group', { data: { ...placed.data, orderId: 'o2' } }],
  ])('a message that is no fact of the contracts is poison: %s', (reason, changes) => {
    expect(read(changes)).toMatchObject({ reason });
  });

  test('the parked event of a poison message has its reason and a shortened explanation', () => {
    const message = {
      messageId: 'm1',
      groupId: 'g',
      sequenceNumber: '1',
      body: '{',
      receiveCount: 1,
      sentAtMs: 0,
      firstReceivedAtMs: 0,
    };
    const parked = parkedPoison(
      contracts,
      message,
      { reason: 'malformed', explanation: `x\ud800${'y'.repeat(2_000)}` },
      5,
    );
    expect(parked).toMatchObject({ status: 'parked', reason: 'malformed', parkedAtMs: 5, message });
    expect(parked.explanation.length).toBeLessThan(1_100);
    expect(parked.explanation.isWellFormed()).toBe(true);
  });
});

describe('facts at the relay', () => {
  const relayed = async (...facts: (typeof placed)[]) => {
    const sent: RelayedMessage[] = [];
    const diverted: string[] = [];
    const report = await relayBatch(
      sales,
      facts.map((fact, index) => ({ kind: 'fact', fact, sequenceNumber: String(index) })),
      PUBLISHED_AT,
      {
        async publish(messages) {
          sent.push(...messages);
          return messages.map(() => ({ kind: 'published' }));
        },
        async divert(_, reason) {
          diverted.push(reason);
        },
      },
    );
    return { report, sent, diverted };
  };

  test('facts are published in their groups, with the event id as deduplication id', async () => {
    const cancelled = happened('OrderCancelled', 'o1');
    const { report, sent } = await relayed(placed, cancelled, happened('OrderPlaced', 'o2'));
    expect(report).toMatchObject({ published: 3, failed: [], oldestChangedAt: OCCURRED_AT });
    const ofOrder = sent.filter(({ groupId }) => groupId === 'orderId/o1');
    expect(ofOrder.map(({ deduplicationId, type }) => [deduplicationId, type])).toEqual([
      ['OrderPlaced/o1', 'OrderPlaced'],
      ['OrderCancelled/o1', 'OrderCancelled'],
    ]);
    expect(ofOrder[0]?.body).toBe(body);
  });

  test('a fact that does not match a contract of its boundary is diverted', async () => {
    const { report, diverted } = await relayed(
      happened('OrderBilled', 'o1'),
      { ...placed, owner: 'billing' },
      { ...placed, data: { orderId: '' } },
      { ...placed, occurredAt: 'yesterday' },
    );
    expect(diverted).toEqual(['unknown-type', 'unknown-type', 'unreadable', 'unreadable']);
    expect(report).toMatchObject({ published: 0, diverted: 4 });
  });

  test('a fact is published with the ids of its contract only', async () => {
    const { sent } = await relayed({ ...placed, data: { ...placed.data, card: '4111111111111111' } });
    expect(sent[0]?.body).toBe(body);
  });
});
