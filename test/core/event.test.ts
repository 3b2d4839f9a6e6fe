import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { compressed } from '../../core/compression.ts';
import { MAX_VERSION } from '../../core/entity.ts';
import { parseEvent, serialiseEvent } from '../../core/event.ts';
import { canonicalState, TOMBSTONE_DIGEST } from '../../core/state.ts';
import { CHANGED_AT, deleted, eventBody, owned, PUBLISHED_AT, product, stateAt } from '../support/events.ts';

const state = eventBody(owned(product(), 3));
const tombstone = eventBody(deleted(product(), 4));

/** The body with some attributes changed; undefined removes one. */
function altered(body: string, changes: Record<string, unknown>): string {
  return JSON.stringify({ ...JSON.parse(body), ...changes });
}

const GZIP = { datacontenttype: 'application/gzip' };

function base64(data: unknown): string {
  return gzipSync(JSON.stringify(data)).toString('base64');
}

describe('an event as a message body', () => {
  test('an event is a CloudEvent with extension attributes for kind, version, digest and publication time', () => {
    expect(JSON.parse(state)).toEqual({
      specversion: '1.0',
      id: 'Product/p1@3',
      source: 'urn:freshet:catalogue',
      type: 'Product',
      subject: 'p1',
      time: CHANGED_AT,
      datacontenttype: 'application/json',
      kind: 'state',
      entityversion: '3',
      digest: owned(product(), 3).digest,
      schemaversion: 1,
      publishedat: PUBLISHED_AT,
      data: stateAt(3),
    });
  });

  test('the data of an event may be compressed, which its content type says', () => {
    const { json = '', digest } = canonicalState(product(), stateAt(3));
    const times = { changedAt: CHANGED_AT, publishedAt: PUBLISHED_AT };
    const event = { entity: product(), version: 3, digest, owner: 'catalogue', schemaVersion: 1, ...times };
    const body = serialiseEvent({ ...event, kind: 'state' }, compressed(json));
    const { data, ...attributes } = JSON.parse(state);
    expect(JSON.parse(body)).toEqual({ ...attributes, ...GZIP, data_base64: expect.stringMatching(/^H4sI/) });
    expect(parseEvent(body)).toEqual({
      ...parseEvent(state),
      data,
      carried: { json, compressed: Buffer.from(compressed(json)) },
    });
  });

  test('the event of a deletion has no data', () => {
    expect(JSON.parse(tombstone)).not.toHaveProperty('data');
    const event = parseEvent(tombstone);
    expect(event).toMatchObject({ kind: 'tombstone', version: 4, digest: TOMBSTONE_DIGEST });
    expect(event).not.toHaveProperty('data');
  });

  test('an event may have attributes that this release does not know', () => {
    expect(parseEvent(altered(state, { correlation: 'abc' }))).toEqual(parseEvent(state));
  });

  test('an event carries the trace context of its commit, and an invalid trace context is ignored', () => {
    const traceparent = '00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01';
    const traced = eventBody(owned(product(), 3), { traceparent });
    expect(JSON.parse(traced).traceparent).toBe(traceparent);
    expect(parseEvent(traced)).toMatchObject({ version: 3, traceparent });
    for (const wrong of ['00-1-2-01', 7, null, { deep: [] }]) {
      expect(parseEvent(altered(state, { traceparent: wrong }))).toEqual(parseEvent(state));
    }
  });

  test('an event may have the highest version', () => {
    expect(parseEvent(eventBody(owned(product(), MAX_VERSION)))).toMatchObject({ version: MAX_VERSION });
  });
});

describe('a malformed body', () => {
  test.each<[string, string, RegExp]>([
    ['it is empty', '', /^not JSON/],
    ['it is cut short', state.slice(0, -1), /^not JSON/],
    ['it is followed by more', `${state}x`, /^not JSON/],
    ['it is a text', '"text"', /^envelope: .*expected object/],
    ['it is null', 'null', /^envelope: /],
    ['it is an array of events', `[${state}]`, /^envelope: /],
    [
      'it is an SNS notification around the event',
      JSON.stringify({ Type: 'Notification', Message: state }),
      /^specversion: /,
    ],
    ['it has another CloudEvents version', altered(state, { specversion: '0.3' }), /^specversion: .*"1\.0"/],
    ['its CloudEvents version is a number', altered(state, { specversion: 1 }), /^specversion: /],
    ['it has another content type', altered(state, { datacontenttype: 'text/plain' }), /^datacontenttype: /],
    [
      'it has plain data and compressed data',
      altered(state, { data_base64: 'e30=' }),
      /^data_base64: only with the content type application\/gzip$/,
    ],
    ['it has the content type of compressed data and plain data', altered(state, GZIP), /^data_base64: .* alone$/],
    ...[undefined, 7, '', '!', 'e30', 'e30=\n', 'e31=', 'e3\u00300=', '_-8='].map(
      (data_base64): [string, string, RegExp] => [
        `its compressed data is ${JSON.stringify(data_base64)}`,
        altered(state, { ...GZIP, data: undefined, data_base64 }),
        /^data_base64: /,
      ],
    ),
    [
      'it is a tombstone with compressed data',
      altered(tombstone, { ...GZIP, data_base64: base64(stateAt(4)) }),
      /^data: /,
    ],
    [
      'its compressed data is not JSON',
      altered(state, { ...GZIP, data: undefined, data_base64: gzipSync('{').toString('base64') }),
      /^data_base64: not JSON when decompressed$/,
    ],
    ['it has no id', altered(state, { id: undefined }), /^id: /],
    ['its id is too long', altered(state, { id: 'x'.repeat(129) }), /^id: /],
    ['its source is not a boundary', altered(state, { source: 'https://example.com' }), /^source: /],
    ['its source has a second line', altered(state, { source: 'urn:freshet:catalogue\nx' }), /^source: /],
    ['its type is empty', altered(state, { type: '' }), /^type: /],
    ['its subject is empty', altered(state, { subject: '' }), /^subject: /],
    ['its subject is a number', altered(state, { subject: 7 }), /^subject: /],
    ['its subject is too long in bytes', altered(state, { subject: 'é'.repeat(513) }), /^subject: .*1024 bytes/],
    ['its subject has a lone surrogate', state.replace('"subject":"p1"', '"subject":"\\ud800"'), /^subject: /],
    ['its time is a date', altered(state, { time: '2026-11-23' }), /^time: /],
    ['its time is an impossible date', altered(state, { time: '2026-02-30T00:00:00Z' }), /^time: /],
    ['its time has an offset', altered(state, { time: '2026-11-23T10:00:00+01:00' }), /^time: /],
    ['its publication time is missing', altered(state, { publishedat: undefined }), /^publishedat: /],
    ['its kind is unknown', altered(state, { kind: 'fact' }), /^kind: .*"state"\|"delta"\|"tombstone"/],
    [
      'it is a delta without the digest of its base',
      altered(state, { kind: 'delta', data: { changed: {}, removed: [] } }),
      /^basedigest: /,
    ],
    [
      'it is a state with the digest of a base',
      altered(state, { basedigest: owned(product(), 2).digest }),
      /^basedigest: /,
    ],
    ...[
      [],
      { changed: {} },
      { changed: [], removed: [] },
      { changed: {}, removed: [1] },
      { changed: {}, removed: [], more: 1 },
    ].map((data): [string, string, RegExp] => [
      `it is a delta with the data ${JSON.stringify(data)}`,
      altered(state, { kind: 'delta', basedigest: owned(product(), 2).digest, data }),
      /^data: /,
    ]),
    ['its id names another version', altered(state, { id: 'Product/p1@4' }), /^id: /],
    ['its version differs from its id', altered(state, { entityversion: '9' }), /^id: /],
    ['its version is missing', altered(state, { entityversion: undefined }), /^entityversion: /],
    ['its version is 0', altered(state, { entityversion: '0' }), /^entityversion: /],
    ['its version is negative', altered(state, { entityversion: '-1' }), /^entityversion: /],
    ['its version has a sign', altered(state, { entityversion: '+1' }), /^entityversion: /],
    ['its version has a leading zero', altered(state, { entityversion: '01' }), /^entityversion: /],
    ['its version has an exponent', altered(state, { entityversion: '1e3' }), /^entityversion: /],
    ['its version is a fraction', altered(state, { entityversion: '1.5' }), /^entityversion: /],
    ['its version has a space', altered(state, { entityversion: ' 1' }), /^entityversion: /],
    ['its version ends with a line feed', altered(state, { entityversion: '1\n' }), /^entityversion: /],
    ['its version has non-ASCII digits', altered(state, { entityversion: '١' }), /^entityversion: /],
    ['its version is a number', altered(state, { entityversion: 3 }), /^entityversion: .*expected string/],
    [
      'its version is an infinite number',
      state.replace('"entityversion":"3"', '"entityversion":1e999'),
      /^entityversion: /,
    ],
    [
      'its version is one above the highest',
      altered(state, { entityversion: '9007199254740992' }),
      /^entityversion: above/,
    ],
    ['its version is far above the highest', altered(state, { entityversion: '9'.repeat(400) }), /^entityversion: /],
    ['its digest is hexadecimal', altered(state, { digest: 'ab'.repeat(32) }), /^digest: /],
    ['its schema version is a text', altered(state, { schemaversion: '1' }), /^schemaversion: /],
    ['its schema version is 0', altered(state, { schemaversion: 0 }), /^schemaversion: /],
    ['its schema version is a fraction', altered(state, { schemaversion: 1.5 }), /^schemaversion: /],
    ['it is a state without data', altered(state, { data: undefined }), /^data: /],
    ['it is a tombstone with data', altered(tombstone, { data: stateAt(4) }), /^data: /],
    ['it is a tombstone with null as data', altered(tombstone, { data: null }), /^data: /],
    [
      "it is a tombstone with a state's digest",
      altered(tombstone, { digest: owned(product(), 3).digest }),
      /^digest: /,
    ],
    ["it is a state with the tombstones' digest", altered(state, { digest: TOMBSTONE_DIGEST }), /^digest: /],
    ['its attributes are inside __proto__', `{"__proto__":${state}}`, /^specversion: /],
    ['its attributes are inside constructor', `{"constructor":{"prototype":${state}}}`, /^specversion: /],
    ['it is nested deeper than the stack', '['.repeat(300_000), /^not JSON/],
    ['it is nested deeper than the stack and closed', `${'['.repeat(120_000)}${']'.repeat(120_000)}`, /^envelope: /],
    ['it is huge', `"${'x'.repeat(5_000_000)}"`, /^envelope: /],
    ['an attribute is huge', altered(state, { kind: 'x'.repeat(1_000_000) }), /^kind: /],
  ])('a body is malformed, and the message names the field, if %s', (_, body, expected) => {
    const event = parseEvent(body);
    expect(event).toEqual({ reason: 'malformed', message: expect.stringMatching(expected) });
    expect(JSON.stringify(event).length).toBeLessThan(600);
  });
});

test('prototype keys in an event are read as data and change no prototype', () => {
  const body = state.replace(
    '"data":{',
    '"data":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},',
  );
  const event = parseEvent(body);
  expect('data' in event && Object.keys(event.data as object)).toEqual(['__proto__', 'constructor', 'name', 'price']);
  expect({}).not.toHaveProperty('polluted');
});

test('data nested deeper than the stack is read and left to the schema', () => {
  const body = state.replace(/"data":.*$/, `"data":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`);
  expect(parseEvent(body)).toMatchObject({ kind: 'state', version: 3 });
});
