import { gzipSync } from 'node:zlib';
import { deduplicationId, type EntityRef, messageGroupId, sha256 } from '../../core/entity.ts';
import { canonicalJson, canonicalState, type State } from '../../core/state.ts';
import { drawn } from '../kills/plan.ts';
import { noise } from '../support/compressible.ts';
import { item, itemState, owned, published } from './messages.ts';

/** A message that no cache can apply, and the name of the attack. */
export interface Hostile {
  readonly kind: string;
  readonly groupId: string;
  readonly body: string;
}

/** Most bytes of a message: the limit of a topic. */
const LARGEST = 256 * 1024;

type Draw = (what: string) => number;
type Envelope = Record<string, unknown>;

/**
 * Draws hostile messages from a seed, of all kinds in turns. The entities are cached at `version`, and the quiet ones
 * are never changed.
 */
export function hostileMessages(
  count: number,
  seed: number,
  entities: readonly EntityRef[],
  quiet: readonly EntityRef[],
  version: number,
): Hostile[] {
  const kinds = Object.entries(KINDS);
  return Array.from({ length: count }, (_, index) => {
    const draw: Draw = (what) => drawn(seed, index, what);
    const [kind, make] = kinds[index % kinds.length] as (typeof kinds)[number];
    const victim = pick(QUIETLY.has(kind) ? quiet : entities, draw('victim'));
    const { body, groupId = messageGroupId(victim) } = make({ draw, victim, version, index });
    return { kind, groupId, body };
  });
}

interface Context {
  readonly draw: Draw;
  readonly victim: EntityRef;
  readonly version: number;
  readonly index: number;
}

/** Kinds for quiet entities only: at an entity with a newer version they would be outdated, and no poison. */
const QUIETLY = new Set(['another state of the same version', 'more than an item holds']);

const KINDS: Readonly<Record<string, (context: Context) => { body: string; groupId?: string }>> = {
  'random text': ({ draw, index }) => ({
    body: randomText(draw, 1 + Math.floor(draw('length') * 400)),
    groupId: index % 2 === 0 ? `Item/never-${index}` : `any!group~${index}`,
  }),
  'random text in a live group': ({ draw }) => ({ body: randomText(draw, 40) }),
  'the largest body': ({ draw, index }) => ({
    body:
      'x€"\\'.charAt(index % 4).repeat(Math.floor(LARGEST / (index % 4 === 1 ? 3 : 1)) - 1) +
      (draw('end') < 0.5 ? '' : '}'),
  }),
  'deep JSON': ({ draw }) => {
    const depth = 100 + Math.floor(draw('depth') * 100_000);
    return {
      body:
        draw('form') < 0.5
          ? '['.repeat(depth) + ']'.repeat(depth)
          : `${'{"a":'.repeat(depth / 4)}1${'}'.repeat(depth / 4)}`,
    };
  },
  'deep data': (context) => {
    const depth = 65 + Math.floor(context.draw('depth') * 20_000);
    return { body: rawData(context, `{"name":"x","price":1,"numbers":${'['.repeat(depth)}${']'.repeat(depth)}}`) };
  },
  'other JSON': ({ draw }) => ({
    body: pick(['null', '[]', '{}', '0', '"text"', 'true', '[null]', '{"":""}', '1e999', '-0'], draw('json')),
  }),
  'prototype keys': ({ draw, victim, version }) => {
    const key = pick(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'], draw('key'));
    const real = envelopeOf(victim, version + 1);
    const value = '{"polluted":true,"price":1,"kind":"state"}';
    return {
      body:
        draw('where') < 0.5
          ? `{"${key}":${value}}`
          : `${JSON.stringify({ ...real, digest: 'none' }).slice(0, -1)},"${key}":${value}}`,
    };
  },
  'prototype keys in the data': (context) => ({
    body: rawData(
      context,
      `{"name":"x","price":1,"numbers":[],"${pick(['__proto__', 'constructor'], context.draw('key'))}":{"price":2}}`,
    ),
  }),
  'huge numbers': ({ draw, victim, version }) =>
    changed(envelopeOf(victim, version + 1), {
      [pick(['entityversion', 'schemaversion'], draw('field'))]: pick(
        ['9'.repeat(16), '9'.repeat(400), Number.MAX_VALUE, 1e21, -1, 2 ** 53, 0.5],
        draw('number'),
      ),
    }),
  'wrong types': ({ draw, victim, version }) => {
    const real = envelopeOf(victim, version + 1);
    const field = pick(
      Object.keys(real).filter((name) => name !== 'data'),
      draw('field'),
    );
    return changed(real, {
      [field]: pick<unknown>([null, [], {}, true, 17.5, [[real[field]]], { toString: 'x' }], draw('value')),
    });
  },
  'a field missing': ({ draw, victim, version }) => {
    const real = envelopeOf(victim, version + 1);
    return changed(real, { [pick(Object.keys(real), draw('field'))]: undefined });
  },
  truncated: ({ draw, victim, version }) => {
    const body = JSON.stringify(envelopeOf(victim, version + 1));
    return { body: body.slice(0, 1 + Math.floor(draw('cut') * (body.length - 1))) };
  },
  'data altered': ({ victim, version, index }) =>
    changed(envelopeOf(victim, version + 1), { data: { ...itemState(version + 1), name: `altered ${index}` } }),
  'digest altered': ({ draw, victim, version }) =>
    changed(envelopeOf(victim, version + 1), { digest: canonicalState(victim, { any: draw('digest') }).digest }),
  'refused by the schema': (context) => ({
    body: rawData(context, JSON.stringify({ ...itemState(1), price: -1 - context.draw('price') })),
  }),
  "in another's group": ({ index }) => ({ body: JSON.stringify(envelopeOf(item(`elsewhere-${index}`), 1)) }),
  'not the owner': ({ victim, version }) =>
    changed(envelopeOf(victim, version + 1), { source: 'urn:freshet:impostor' }),
  'a type that is not kept': ({ victim, version, index }) => {
    const type = index % 2 === 0 ? 'Order' : 'constructor';
    const id = deduplicationId({ type, id: victim.id }, version + 1);
    return changed(envelopeOf(victim, version + 1), { type, id });
  },
  'a schema to come': ({ draw, victim, version }) =>
    changed(envelopeOf(victim, version + 1), { schemaversion: 2 + Math.floor(draw('schema') * 1e6) }),
  'too old': ({ victim, version }) =>
    changed(envelopeOf(victim, version + 1), { publishedat: '2001-01-01T00:00:00.000Z' }),
  'another state of the same version': ({ victim, version, index }) => ({
    body: published(owned(victim, version, { ...itemState(version), name: `not what was ${index}` })).body,
  }),
  'more than an item holds': ({ victim, version }) => ({
    // Not even compressed.
    body: rawData({ victim, version }, `{"name":"${noise(505_000)}","price":1,"numbers":[]}`),
  }),
  'compressed data that is hostile': ({ draw, victim, version }) =>
    changed(envelopeOf(victim, version + 1), {
      ...{ data: undefined, datacontenttype: 'application/gzip' },
      data_base64: pick<unknown>(HOSTILE_FORMS, draw('form')),
    }),
  'a delta with hostile data': ({ draw, victim, version }) =>
    changed(envelopeOf(victim, version + 1), {
      kind: 'delta',
      basedigest: canonicalState(victim, {}).digest,
      data: pick<unknown>(
        [
          null,
          [],
          'x',
          {},
          { changed: {} },
          { changed: [], removed: [] },
          { changed: {}, removed: [1] },
          { changed: {}, removed: {}, more: 1 },
          { changed: null, removed: [] },
        ],
        draw('data'),
      ),
    }),
  'a delta that is no delta': ({ victim, version }) => changed(envelopeOf(victim, version + 1), { kind: 'delta' }),
  'a tombstone with data': ({ victim, version }) => changed(envelopeOf(victim, version + 1), { kind: 'tombstone' }),
};

/** Compressed data that isn't a state: a form that decompresses to 100 MB, and forms that are damaged. */
const HOSTILE_FORMS = [
  gzipSync(Buffer.alloc(100_000_000), { level: 9 }).toString('base64'),
  gzipSync('{"name":"x"}').subarray(0, -1).toString('base64'),
  gzipSync('['.repeat(1_000_000)).toString('base64'),
  gzipSync('{"__proto__":').toString('base64'),
  'H4sI',
  '',
  null,
];

/** The envelope that the relay publishes for an Item. */
function envelopeOf(entity: EntityRef, version: number, state: State = itemState(version)): Envelope {
  return JSON.parse(published(owned(entity, version, state)).body) as Envelope;
}

function changed(envelope: Envelope, changes: Envelope): { body: string } {
  return { body: JSON.stringify({ ...envelope, ...changes }) };
}

/** An envelope with exactly this text as data, and with the data's digest if it has one. */
function rawData({ victim, version }: Pick<Context, 'victim' | 'version'>, dataJson: string): string {
  const real = envelopeOf(victim, version + 1);
  const digest = digestOf(victim, dataJson) ?? real.digest;
  return `${JSON.stringify({ ...real, digest, data: undefined }).slice(0, -1)},"data":${dataJson}}`;
}

function digestOf(entity: EntityRef, dataJson: string): string | undefined {
  try {
    return sha256(canonicalJson(entity, JSON.parse(dataJson)));
  } catch {
    return undefined;
  }
}

/** A random text of the characters that a message may contain: XML's characters. */
function randomText(draw: Draw, length: number): string {
  const ranges = [
    [0x20, 0x7e],
    [0x20, 0x7e],
    [0x9, 0xa],
    [0xa0, 0x2fff],
    [0xe000, 0xfffd],
    [0x1_0000, 0x10_ffff],
  ] as const;
  return Array.from({ length }, (_, at) => {
    const [from, to] = pick(ranges, draw(`range ${at}`));
    return String.fromCodePoint(from + Math.floor(draw(`character ${at}`) * (to - from + 1)));
  }).join('');
}

function pick<T>(from: readonly T[], share: number): T {
  return from[Math.floor(share * from.length)] as T;
}
