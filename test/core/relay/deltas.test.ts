import { describe, expect, test } from 'vitest';
import { compressed } from '../../../core/compression.ts';
import { defineBoundary } from '../../../core/contract/define-boundary.ts';
import type { OwnedEntity } from '../../../core/own/own.ts';
import { relayBatch } from '../../../core/relay/batch.ts';
import { productSchema } from '../../support/boundaries.ts';
import { deleted, owned, PUBLISHED_AT, product } from '../../support/events.ts';
import { ports } from '../../support/relaying.ts';

describe('a change of a type with deltas', () => {
  const withDeltas = defineBoundary('file:///catalogue.ts', {
    name: 'catalogue',
    owns: { Product: { schema: productSchema, deltas: true } },
  });
  const long = (price: number) => ({ name: 'bolt', text: 'x'.repeat(200), price });
  const kindOf = async (
    previous: OwnedEntity | undefined,
    current: OwnedEntity,
    resync?: string,
    conflate?: boolean,
  ) => {
    const topic = ports();
    const change = { sequenceNumber: '1', kind: 'committed', owned: current, previous, resync } as const;
    await relayBatch(withDeltas, [change], PUBLISHED_AT, topic.relay, { conflate });
    return JSON.parse(topic.calls[0]?.[0]?.body ?? '{}').kind;
  };
  const [one, two] = [owned(product(), 1, long(1)), owned(product(), 2, long(2))];

  test('a change is published as a delta if the delta is shorter than the state', async () => {
    expect(await kindOf(one, two)).toBe('delta');
  });

  test.each<[string, OwnedEntity | undefined, OwnedEntity, (string | undefined)?, boolean?]>([
    ['it is the first version', undefined, one],
    ['the previous version is a deletion', deleted(product(), 1), two],
    ['the delta would be longer', owned(product(), 1, { a: 1 }), owned(product(), 2, { b: 2 })],
    ['the version jumps, as into a new epoch', one, { ...two, version: 1_000_000_000_002 }],
    ['the previous version has another schema version', { ...one, schemaVersion: 2 }, two],
    ['it is sent again', one, two, 'token'],
    ['it is published with conflation', one, two, undefined, true],
  ])('a change is published as a whole state if %s', async (_, previous, current, resync, conflate) => {
    expect(await kindOf(previous, current, resync, conflate)).toBe('state');
  });

  test('a deletion is published as a tombstone', async () => {
    expect(await kindOf(one, deleted(product(), 2))).toBe('tombstone');
  });

  test('of many large states, only some are compared, and the others are published whole', async () => {
    const topic = ports();
    const text = 'x'.repeat(3 * 1024 * 1024);
    const changes = Array.from({ length: 40 }, (_, index) => {
      const [previous, current] = [1, 2].map((version) => {
        const one = owned(product(`p${index}`), version, { name: 'bolt', text, price: version });
        return { ...one, compressed: compressed(one.stateJson ?? '') };
      });
      if (current === undefined) throw new Error('no change');
      return { sequenceNumber: String(index), kind: 'committed', owned: current, previous } as const;
    });
    await relayBatch(withDeltas, changes, PUBLISHED_AT, topic.relay, { readsCompressed: true });
    const kinds = topic.calls.flat().map(({ body }) => JSON.parse(body).kind);
    expect(kinds.filter((kind) => kind === 'delta')).toHaveLength(2);
    expect(kinds.filter((kind) => kind === 'state')).toHaveLength(38);
  });
});
