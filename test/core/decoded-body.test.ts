import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { errorPathOf } from '../../cli/console/api/error-path.ts';
import { compressed } from '../../core/compression.ts';
import { decodedBody } from '../../core/decoded-body.ts';
import { serialiseEvent } from '../../core/event.ts';
import { MAX_STATE_BYTES } from '../../core/state.ts';
import { CHANGED_AT, owned, PUBLISHED_AT, product } from '../support/events.ts';

const head = { changedAt: CHANGED_AT, publishedAt: PUBLISHED_AT, owner: 'catalogue', kind: 'state' as const };
const bodyOf = (data: string | Uint8Array) => serialiseEvent({ ...owned(product(), 1), ...head }, data);

describe('the body of a message for people', () => {
  test('has the data of a compressed event as JSON, with every digit, and the rest as it came', () => {
    const json = '{"name":"bolt","price":12345678901234567890}';
    const plain = bodyOf(json);
    const decoded = decodedBody(bodyOf(compressed(json)));
    expect(decoded.endsWith(`,"data":${json}}`)).toBe(true);
    expect(JSON.parse(decoded)).toEqual({ ...JSON.parse(plain), datacontenttype: 'application/gzip' });
  });

  test('lets the wrong field be found', () => {
    const body = bodyOf(compressed('{"cities":[{"name":"Wien"},{"name":7}]}'));
    const about = { reason: 'invalid' as const, explanation: 'data.cities[1].name: expected string' };
    expect(errorPathOf(about, body)).toBeNull();
    expect(errorPathOf(about, decodedBody(body))).toEqual(['data', 'cities', 1, 'name']);
  });

  test.each([
    ['no JSON', 'fact of 1'],
    ['JSON that is no object', 'null'],
    ['a plain event', bodyOf('{"name":"bolt"}')],
    ['data that gzip did not compress', bodyOf(Buffer.from('{}'))],
    ['compressed data that is no JSON', bodyOf(compressed('state'))],
    ['data that decompresses to more than any state has', bodyOf(gzipSync(Buffer.alloc(2 * MAX_STATE_BYTES, 32)))],
    ['both members', bodyOf(compressed('{}')).replace('"data_base64"', '"data":1,"data_base64"')],
  ])('is unchanged if it is or has %s', (_, body) => {
    expect(decodedBody(body)).toBe(body);
  });
});
