import { expect, test } from 'vitest';
import type { CacheNode, OwnerNode } from '../../../../cli/console/api/documents.ts';
import { entityGraph, factGraph, matching } from '../../../../cli/console/page/pure/flow-graph.ts';
import { type Box, COMFORTABLE_SINKS, layoutFlow, WIDE_PX } from '../../../../cli/console/page/pure/flow-layout.ts';

const owner = (name: string): OwnerNode => ({
  name,
  stack: '',
  types: [],
  table: '',
  topic: '',
  relay: '',
  governor: '',
});

const cache = (name: string, owners: readonly string[] | null, types: readonly string[] = []): CacheNode => ({
  name,
  stack: '',
  types,
  owners,
  table: '',
  queue: '',
  projector: '',
  repair: '',
});

test('a cache is fed by each of its owners, also by those in another deployment', () => {
  const graph = entityGraph({ owners: [owner('geography')], caches: [cache('ordering', ['geography', 'catalog'])] });
  expect(graph.sources.map(({ key }) => key)).toEqual(['owner/geography', 'elsewhere/catalog']);
  expect(graph.sinks[0]?.from).toEqual(['owner/geography', 'elsewhere/catalog']);
});

test('a cache whose owners are not known is in the picture without a stream', () => {
  const graph = entityGraph({ owners: [owner('geography')], caches: [cache('ordering', null)] });
  expect(layoutFlow(graph, 1_240).streams.filter(({ part }) => part === 'fan-out')).toEqual([]);
  expect(graph.sinks).toHaveLength(1);
});

test('a saga is fed by the boundaries of the facts that it needs or that cancel it, each once', () => {
  const fact = (type: string, from: string) => ({ type, owner: from });
  const { sinks } = factGraph({
    factTopics: ['ordering', 'payment'].map((boundary) => ({ boundary, topic: '', relay: '' })),
    factQueues: [{ name: 'labels', queue: '', boundaries: null }],
    sagas: [
      {
        name: 'shipping',
        table: '',
        queue: '',
        decider: '',
        effectHandlers: [],
        needs: [fact('OrderPlaced', 'ordering'), fact('PaymentReceived', 'payment')],
        cancelledBy: [fact('OrderCancelled', 'ordering'), fact('X', 'elsewhere')],
        deadlineSeconds: null,
      },
    ],
  });
  expect(sinks.map(({ key, from }) => [key, from])).toEqual([
    ['fact-queue/labels', []],
    ['saga/shipping', ['facts/ordering', 'facts/payment']],
  ]);
});

test('caches are found by their name and by the types that they keep', () => {
  const { sinks } = entityGraph({ owners: [], caches: [cache('ordering', [], ['Country']), cache('support', [])] });
  expect(matching(sinks, ' count').map(({ name }) => name)).toEqual(['ordering']);
  expect(matching(sinks, 'SUPP').map(({ name }) => name)).toEqual(['support']);
  expect(matching(sinks, '')).toHaveLength(2);
});

const overlap = (a: Box, b: Box) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

for (const [owners, caches, width] of [
  [1, 1, WIDE_PX],
  [4, 2, WIDE_PX],
  [2, COMFORTABLE_SINKS, 1_240],
  [6, 50, WIDE_PX],
  [3, 0, 1_240],
  [0, 3, 1_720],
] as const) {
  test(`${owners} owners and ${caches} caches fit into ${width} px, and no two stations overlap`, () => {
    const names = Array.from({ length: owners }, (_, index) => `o${index}`);
    const graph = entityGraph({
      owners: names.map(owner),
      caches: Array.from({ length: caches }, (_, index) =>
        cache(`c${index}`, [...names.slice(index % 2), 'elsewhere']),
      ),
    });
    const layout = layoutFlow(graph, width);
    expect(layout.isCompact).toBe(caches > COMFORTABLE_SINKS);
    const isHere = (key: string) => !key.startsWith('elsewhere');
    const boxes = [
      ...layout.sources.flatMap(({ key, origin, relay, topic }) => (isHere(key) ? [origin, relay, topic] : [origin])),
      ...layout.sinks.flatMap(({ queue, worker, end }) => [queue, worker, end]),
    ];
    for (const [index, box] of boxes.entries()) {
      expect([box.x, box.y].every((value) => value >= 0)).toBe(true);
      expect(box.x + box.width).toBeLessThanOrEqual(width);
      expect(box.y + box.height).toBeLessThanOrEqual(layout.height);
      for (const other of boxes.slice(index + 1)) expect(overlap(box, other)).toBe(false);
    }
  });
}
