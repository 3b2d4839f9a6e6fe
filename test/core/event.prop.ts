import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { entityRef, MAX_VERSION } from '../../core/entity.ts';
import { type Envelope, parseEvent, serialiseEvent } from '../../core/event.ts';
import { canonicalState, TOMBSTONE_DIGEST } from '../../core/state.ts';
import { anyCharacter } from '../support/characters.ts';
import { WORST_ID } from '../support/nasty-ids.ts';

const id = fc.oneof(
  fc.string({ minLength: 1, maxLength: 300, unit: anyCharacter }).filter((text) => text.isWellFormed()),
  fc.constantFrom('__proto__', '"', '\\', '"}', '","data":{}', '漢'.repeat(341), WORST_ID),
);
const timestamp = fc
  .date({ min: new Date('2000-01-01T00:00:00Z'), max: new Date('2199-12-31T00:00:00Z'), noInvalidDate: true })
  .map((date) => date.toISOString());
const data = fc.option(fc.dictionary(fc.string(), fc.jsonValue()), { nil: undefined });
const attributes = fc.record({
  id,
  type: fc.stringMatching(/^[A-Za-z][A-Za-z0-9]{0,39}$/),
  version: fc.oneof(fc.integer({ min: 1, max: MAX_VERSION }), fc.constantFrom(1, MAX_VERSION)),
  owner: fc.stringMatching(/^[a-z][a-z0-9-]{0,29}$/),
  schemaVersion: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  changedAt: timestamp,
  publishedAt: timestamp,
});

function whatIsWrittenReadsBack(serialise: typeof serialiseEvent) {
  return fc.property(attributes, data, ({ id, type, ...rest }, written) => {
    const entity = entityRef(type, id);
    const canonical = written && canonicalState(entity, written);
    const event: Envelope = {
      ...rest,
      entity,
      kind: canonical ? 'state' : 'tombstone',
      digest: canonical?.digest ?? TOMBSTONE_DIGEST,
    };
    const read = parseEvent(serialise(event, canonical?.json));
    expect(read).toEqual({ ...event, sentAgain: false, ...(canonical && { data: JSON.parse(canonical.json) }) });
  });
}

test('reading a written event returns the same event, for any id and data', () => {
  fc.assert(whatIsWrittenReadsBack(serialiseEvent), { numRuns: 300 });
});

test.each<[string, typeof serialiseEvent]>([
  [
    'does not escape the id',
    (event, json) => serialiseEvent(event, json).replace(JSON.stringify(event.entity.id), `"${event.entity.id}"`),
  ],
  [
    'writes the version as a number',
    (event, json) => serialiseEvent(event, json).replace(/"entityversion":"(\d+)"/, '"entityversion":$1'),
  ],
  ['writes data for every kind', (event, json) => serialiseEvent(event, json ?? '{}')],
])('mutant: the property fails for a writer that %s', (_, serialise) => {
  expect(fc.check(whatIsWrittenReadsBack(serialise), { numRuns: 300, endOnFailure: true }).failed).toBe(true);
});

function anyBodyEndsAsEventOrMalformed(parse: typeof parseEvent) {
  const packed = fc.jsonValue().map((value) => gzipSync(JSON.stringify(value)).toString('base64'));
  const wild = fc.record(
    {
      specversion: fc.constantFrom('1.0', 1),
      id: fc.oneof(fc.constant('Product/p1@1'), fc.jsonValue()),
      source: fc.constantFrom('urn:freshet:catalogue', null),
      type: fc.oneof(fc.constant('Product'), fc.jsonValue()),
      subject: fc.oneof(fc.constant('p1'), fc.jsonValue()),
      time: fc.oneof(timestamp, fc.jsonValue()),
      datacontenttype: fc.constantFrom('application/json', 'application/gzip'),
      kind: fc.constantFrom('state', 'tombstone', 'fact'),
      entityversion: fc.oneof(fc.constantFrom('1', '2'), fc.string(), fc.integer()),
      digest: fc.constantFrom(TOMBSTONE_DIGEST, 'x'.repeat(43)),
      schemaversion: fc.oneof(fc.constant(1), fc.jsonValue()),
      publishedat: timestamp,
      data: fc.jsonValue(),
      data_base64: fc.oneof(fc.base64String(), fc.jsonValue(), packed),
    },
    { noNullPrototype: true, requiredKeys: ['specversion', 'kind'] },
  );
  const bodies = fc.oneof(
    fc.string(),
    fc.json(),
    wild.map((event) => JSON.stringify(event)),
  );
  return fc.property(bodies, (body) => {
    const event = parse(body);
    if ('reason' in event) {
      expect(event.message).not.toBe('');
    } else {
      expect(event.version).toSatisfy(Number.isSafeInteger);
      expect(!('data' in event)).toBe(event.kind === 'tombstone');
      expect(Date.parse(event.changedAt)).not.toBeNaN();
    }
  });
}

test('any body is read as an event or as malformed with a message', () => {
  fc.assert(anyBodyEndsAsEventOrMalformed(parseEvent), { numRuns: 1_000 });
});

test('mutant: the property fails for a reader that only parses JSON', () => {
  expect(
    fc.check(
      anyBodyEndsAsEventOrMalformed((body) => JSON.parse(body)),
      { numRuns: 1_000 },
    ).failed,
  ).toBe(true);
});
