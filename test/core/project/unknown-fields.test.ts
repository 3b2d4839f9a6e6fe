import type { StandardSchemaV1 } from '@standard-schema/spec';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import * as mini from 'zod/mini';
import { defineBoundary, keep } from '../../../core/contract/define-boundary.ts';
import type { OwnedEntity } from '../../../core/own/own.ts';
import { projectBatch } from '../../../core/project/batch.ts';
import type { ReceivedMessage } from '../../../core/project/ports.ts';
import { outgoingMessage } from '../../../core/relay/message.ts';
import type { State } from '../../../core/state.ts';
import { schemaOf } from '../../support/boundaries.ts';
import { message, owned, PUBLISHED_AT, product } from '../../support/events.ts';
import { inMemoryCache, projectionOf } from '../../support/in-memory-cache.ts';

type Schema = StandardSchemaV1<unknown, State>;
type Cache = ReturnType<typeof inMemoryCache>;

/** Issues of a schema that accepts `name`, a text, and `size.width`, and nothing else. */
function issuesOf(value: unknown, unknown: (path: string[]) => StandardSchemaV1.Issue): StandardSchemaV1.Issue[] {
  const { name, size, ...others } = value as Record<string, unknown>;
  const { width, ...inside } = (size ?? { width: 1 }) as Record<string, unknown>;
  const issues = [...Object.keys(others), ...Object.keys(inside).map((field) => `size.${field}`)].map((path) =>
    unknown(path.split('.')),
  );
  if (typeof name !== 'string') issues.push({ message: 'not a text', path: ['name'] });
  if (typeof width !== 'number') issues.push({ message: 'not a number', path: ['size', 'width'] });
  return issues;
}

function strict(unknown: (path: string[]) => StandardSchemaV1.Issue): Schema {
  return schemaOf((value) => {
    const issues = issuesOf(value, unknown);
    return issues.length > 0 ? { issues } : { value: value as State };
  });
}

const STRICT: readonly (readonly [string, Schema])[] = [
  ['of zod', z.strictObject({ name: z.string(), size: z.strictObject({ width: z.number() }).optional() })],
  [
    'of zod/mini',
    mini.strictObject({
      name: mini.string(),
      size: mini.optional(mini.strictObject({ width: mini.number() })),
    }),
  ],
  // The issues of strictObject in valibot 1, and of `'+': 'reject'` in arktype 2.
  [
    'like valibot',
    strict((path) => ({ message: 'Invalid key', path: path.map((key) => ({ key })), expected: 'never' })),
  ],
  ['like arktype', strict((path) => ({ message: 'must be removed', path, expected: 'removed', code: 'predicate' }))],
];

function boundaries(schema: Schema, fields?: readonly string[]) {
  const owner = defineBoundary('file:///catalogue.ts', {
    name: 'catalogue',
    owns: { Product: { schema, deltas: true } },
  });
  const cached = keep(owner.owns.Product, fields === undefined ? {} : { fields });
  return { owner, cache: defineBoundary('file:///shop.ts', { name: 'shop', caches: { Product: cached } }) };
}

const TEXT = 'as long as a description is, so that a change of another field is shorter than all of it';

const state = (given: object) => message(owned(product(), 1, given));

function delta(before: OwnedEntity, after: OwnedEntity): ReceivedMessage {
  const { owner } = boundaries(schemaOf((value) => ({ value: value as State })));
  const sent = outgoingMessage(owner, after, { publishedAt: PUBLISHED_AT, previous: before });
  if ('reason' in sent) throw new Error(sent.message);
  expect(JSON.parse(sent.body)).toMatchObject({ kind: 'delta' });
  return message(after, { body: sent.body });
}

/** The relay's deltas between consecutive states, from version 2. */
function deltas(...states: readonly State[]): ReceivedMessage[] {
  const versions = states.map((one, index) => owned(product(), index + 1, one));
  return versions.slice(1).map((after, index) => delta(versions[index] as OwnedEntity, after));
}

async function arrive(cache: Cache, boundary: ReturnType<typeof boundaries>['cache'], messages: ReceivedMessage[]) {
  const { settled, returned } = await projectBatch(projectionOf(boundary, cache.ports), messages);
  expect(returned).toEqual([]);
  return messages.map((one) => settled.find(({ message }) => message === one)?.outcome);
}

const data = (cache: Cache) => JSON.parse(cache.stored.get('Product/p1')?.dataJson ?? 'null');

describe.each(STRICT)('a cache with a strict schema %s', (_, schema) => {
  const { cache: whole } = boundaries(schema);
  const { cache: part } = boundaries(schema, ['name']);

  test('a state with fields that the cache does not know is stored as the owner committed it', async () => {
    const cache = inMemoryCache();
    const given = { name: 'bolt', size: { width: 1, depth: 2 }, colour: 'red', weight: 3 };
    expect(await arrive(cache, whole, [state(given)])).toEqual(['applied']);
    expect(data(cache)).toEqual(given);
  });

  test('a delta that adds and changes a field that the cache does not know is applied', async () => {
    const cache = inMemoryCache();
    const first = { name: 'bolt', size: { width: 1 }, text: TEXT };
    const [second, third] = [
      { ...first, colour: 'red' },
      { ...first, name: 'nut', colour: 'blue' },
    ];
    expect(await arrive(cache, whole, [state(first)])).toEqual(['applied']);
    for (const one of deltas(first, second, third)) expect(await arrive(cache, whole, [one])).toEqual(['applied']);
    expect(data(cache)).toEqual(third);
    expect(cache.resyncs).toEqual([]);
  });

  test('a delta of fields that the cache does not know leaves a selection of fields as it is', async () => {
    const cache = inMemoryCache();
    const first = { name: 'bolt', text: TEXT };
    expect(await arrive(cache, part, [state(first)])).toEqual(['applied']);
    expect(await arrive(cache, part, deltas(first, { ...first, colour: 'red' }))).toEqual(['applied']);
    expect(data(cache)).toEqual({ name: 'bolt' });
  });

  test('a state whose known field is invalid is parked with the problem of that field', async () => {
    const cache = inMemoryCache();
    expect(await arrive(cache, whole, [state({ name: 5, colour: 'red' })])).toEqual(['parked']);
    expect(cache.everParked).toMatchObject([
      { reason: 'invalid', explanation: expect.stringMatching(/^data\.name: /) },
    ]);
  });

  test.each([
    ['all fields', whole],
    ['a selection of fields', part],
  ])('a delta that makes a known field invalid is parked by a cache that keeps %s', async (__, boundary) => {
    const cache = inMemoryCache();
    const first = { name: 'bolt', text: TEXT };
    expect(await arrive(cache, boundary, [state(first)])).toEqual(['applied']);
    expect(await arrive(cache, boundary, deltas(first, { ...first, name: 5 }))).toEqual(['parked']);
    expect(cache.everParked).toMatchObject([
      { reason: 'invalid', explanation: expect.stringMatching(/^data\.name: /) },
    ]);
    expect(data(cache)).toMatchObject({ name: 'bolt' });
    expect(cache.resyncs).toEqual([]);
  });

  test('a delta that removes a required field is parked by a cache that keeps a selection of fields', async () => {
    const cache = inMemoryCache();
    const first = { name: 'bolt', text: TEXT };
    expect(await arrive(cache, part, [state(first)])).toEqual(['applied']);
    expect(await arrive(cache, part, deltas(first, { text: TEXT }))).toEqual(['parked']);
  });
});

describe('a special key in an event', () => {
  test.each([
    ['a strict schema', z.strictObject({ name: z.string() }), '__proto__'],
    ['a strict schema', z.strictObject({ name: z.string() }), 'constructor'],
    ['a schema that drops unknown fields', z.object({ name: z.string() }), '__proto__'],
    ['a map', z.looseObject({ name: z.string() }), '__proto__'],
  ])('%s parks an event with a key that it does not know or keep: %3$s', async (_, schema, key) => {
    const cache = inMemoryCache();
    const { cache: boundary } = boundaries(schema as unknown as Schema);
    const given = JSON.parse(`{"name":"bolt","${key}":{"polluted":true}}`);
    expect(await arrive(cache, boundary, [state(given)])).toEqual(['parked']);
    expect(cache.everParked).toMatchObject([{ reason: 'invalid', explanation: expect.stringContaining(key) }]);
  });

  test('a schema that knows the field constructor stores it', async () => {
    const cache = inMemoryCache();
    const { cache: boundary } = boundaries(z.object({ constructor: z.string() }));
    expect(await arrive(cache, boundary, [state({ constructor: 'Lotus' })])).toEqual(['applied']);
    expect(data(cache)).toEqual({ constructor: 'Lotus' });
  });
});

describe('a cache whose schema drops unknown fields', () => {
  const { cache: whole } = boundaries(z.object({ name: z.string() }));

  test('deltas of a state with a field that the cache does not know are applied without asking the owner', async () => {
    const cache = inMemoryCache();
    const first = { name: 'bolt', text: TEXT };
    const [second, third] = [
      { ...first, name: 'nut' },
      { ...first, name: 'screw' },
    ];
    expect(await arrive(cache, whole, [state(first)])).toEqual(['applied']);
    for (const one of deltas(first, second, third)) expect(await arrive(cache, whole, [one])).toEqual(['applied']);
    expect(data(cache)).toEqual(third);
    expect(cache.resyncs).toEqual([]);
  });
});

describe('a delta for a selection of fields', () => {
  const first = { kind: 'a', name: 'bolt', text: TEXT };
  const changed = { ...first, name: 'nut' };
  const required = { kind: z.literal('a'), text: z.string() };

  async function settle(schema: unknown, messages: ReceivedMessage[]) {
    const cache = inMemoryCache();
    const { cache: boundary } = boundaries(schema as Schema, ['name']);
    expect(await arrive(cache, boundary, [state(first)])).toEqual(['applied']);
    return { outcomes: await arrive(cache, boundary, messages), cache, boundary };
  }

  test('a changed field is checked although the cache does not keep other required fields', async () => {
    const schema = z.object({ ...required, name: z.string() });
    expect((await settle(schema, deltas(first, changed))).outcomes).toEqual(['applied']);
    expect((await settle(schema, deltas(first, { ...first, name: 5 }))).outcomes).toEqual(['parked']);
  });

  test('a rule of a changed field parks the delta although the cache does not keep other required fields', async () => {
    const schema = z.object({ ...required, name: z.string().refine((name) => name !== 'nut') });
    expect((await settle(schema, deltas(first, changed))).outcomes).toEqual(['parked']);
  });

  test.each<[string, unknown]>([
    [
      'is a union that is told apart by a field that is not kept',
      z.discriminatedUnion('kind', [
        z.object({ ...required, name: z.string() }),
        z.object({ kind: z.literal('b'), name: z.number() }),
      ]),
    ],
    [
      'stops at its first issue',
      schemaOf((value) => {
        const { kind, name } = value as State;
        if (kind !== 'a') return { issues: [{ message: 'not a', path: ['kind'] }] };
        return typeof name === 'string' ? { value: value as State } : { issues: [{ message: 'no', path: ['name'] }] };
      }),
    ],
    [
      'reads a field that is not kept',
      z.preprocess(
        (given) => {
          (given as { text: string }).text.trim();
          return given;
        },
        z.object({ ...required, name: z.string() }),
      ),
    ],
    [
      'compares a kept field with a field that is not kept',
      z
        .object({ kind: z.string(), name: z.string(), text: z.string() })
        .partial()
        .refine(({ name = '', text = '' }) => name.length < text.length, { path: ['name'] }),
    ],
  ])('a change is a gap if the schema %s, and the whole state closes the gap', async (_, schema) => {
    const { outcomes, cache, boundary } = await settle(schema, deltas(first, changed));
    expect(outcomes).toEqual(['gap']);
    expect(await arrive(cache, boundary, [message(owned(product(), 2, changed))])).toEqual(['applied']);
    expect(data(cache)).toEqual({ name: 'nut' });
  });
});
