import { describe, expect, test } from 'vitest';
import {
  assertNotHeartbeat,
  deduplicationId,
  entityName,
  entityRef,
  HEARTBEAT_ID,
  isHeartbeat,
  isHeartbeatGroup,
  MAX_ID_BYTES,
  MAX_VERSION,
  messageGroupId,
  PARTITIONS_PER_TYPE,
  partitionKey,
  sha256,
  tableKey,
} from '../../core/entity.ts';
import { quoted, shortened } from '../../core/errors.ts';

describe('an entity id', () => {
  test.each([
    ['one letter', 'a'],
    ['Arabic with joiners', 'می\u200cخواهم'],
    ['an emoji of several code points', '👩🏽‍🚀'],
    ['spaces', ' a b '],
    ['control characters', '\u0000\n\u001b[31m'],
    ["Freshet's own separators", 'a/b#c@4'],
    ['a prototype key', '__proto__'],
    ['1,024 bytes of ASCII', 'x'.repeat(MAX_ID_BYTES)],
    ['1,024 bytes of three-byte characters and one letter', `${'漢'.repeat(341)}x`],
    ['1,024 bytes of surrogate pairs', '😀'.repeat(256)],
  ])('an entity id may be %s', (_, id) => {
    expect(entityRef('Product', id)).toEqual({ type: 'Product', id });
  });

  test.each([
    ['empty', '', 'empty'],
    ['a number', 7, 'not a text: 7'],
    ['null', null, 'not a text: null'],
    ['an object that JSON cannot write', { id: 1n }, 'not a text: [object Object]'],
    ['1,025 bytes of ASCII', 'x'.repeat(1025), 'too long (1025 bytes in UTF-8)'],
    ['1,025 bytes in 513 characters', `${'é'.repeat(512)}x`, 'too long (1025 bytes in UTF-8)'],
    ['1,026 bytes in 342 characters', '漢'.repeat(342), 'too long (1026 bytes in UTF-8)'],
    ['a million characters', 'x'.repeat(1_000_000), 'too long (1000000 bytes in UTF-8)'],
    ['a lone high surrogate', 'a\ud800', 'lone surrogate'],
    ['a lone low surrogate', '\udc00a', 'lone surrogate'],
    ['a reversed pair', '\udc00\ud800', 'lone surrogate'],
    ['a text with U+FFFF', 'a\uffff', 'no message can carry'],
    ['U+FFFE', '\ufffe', 'no message can carry'],
  ])('an entity id is refused if it is %s', (_, id, problem) => {
    expect(() => entityRef('Product', id)).toThrowError(
      expect.objectContaining({ code: 'InvalidEntityId', field: 'id', message: expect.stringContaining(problem) }),
    );
  });

  test('the refusal of a huge entity id is short and says what is allowed', () => {
    expect(() => entityRef('Product', '\u0000'.repeat(100_000))).toThrowError(
      /^id: too long .{0,200} Allowed: 1 to 1024 bytes of UTF-8 text in any script\.$/,
    );
  });
});

describe('an entity type', () => {
  test.each(['A', 'z', 'Country2', 'constructor', 'x'.repeat(40)])('an entity type may be named %j', (type) => {
    expect(entityRef(type, 'a').type).toBe(type);
  });

  test.each([
    '',
    '2Country',
    'Two Words',
    'a/b',
    'a#b',
    'a@1',
    '__proto__',
    'Länder',
    'x'.repeat(41),
    'A\n',
    7,
    null,
    undefined,
  ])('an entity type named %j is refused', (type) => {
    expect(() => entityRef(type, 'a')).toThrowError(
      expect.objectContaining({ code: 'InvalidEntityType', field: 'type' }),
    );
  });
});

describe('a message group id', () => {
  test('a message group contains the entity id if the id is short printable ASCII', () => {
    expect(messageGroupId({ type: 'Country', id: 'CH' })).toBe('Country/CH');
  });

  test.each([
    ['a space', 'a b'],
    ['another script', '漢'],
    ['a control character', 'a\u0001'],
    ['a trailing line feed', 'a\n'],
    ['a length of 88 with its type', 'x'.repeat(80)],
  ])('a message group contains a hash if the entity id has %s', (_, id) => {
    expect(messageGroupId({ type: 'Country', id })).toBe(`Country#${sha256(id)}`);
  });

  test('a message group of 87 characters still contains the entity id', () => {
    expect(messageGroupId({ type: 'Country', id: 'x'.repeat(79) })).toBe(`Country/${'x'.repeat(79)}`);
  });

  test("a deduplication id of the longest type and highest version leaves 24 characters for a repair's suffix", () => {
    const type = 'T'.repeat(40);
    for (const id of ['x'.repeat(46), 'x'.repeat(47), '漢'.repeat(341)]) {
      expect(deduplicationId({ type, id }, MAX_VERSION).length).toBeLessThanOrEqual(128 - 24);
    }
  });
});

describe("an entity's name in messages", () => {
  test("an entity's name in messages is its type and id", () => {
    expect(entityName({ type: 'Country', id: 'Côte d’Ivoire' })).toBe('Country/Côte d’Ivoire');
  });

  test("an entity's name in messages has no control characters that could control a terminal", () => {
    expect(entityName({ type: 'Country', id: 'a\u001b[2J\n\u009bb' })).toBe('Country/a\\u001b[2J\\u000a\\u009bb');
  });
});

describe("an entity's key in a table", () => {
  test("an entity's key contains the unchanged id and one of the type's partitions", () => {
    const keys = Array.from({ length: 500 }, (_, n) => tableKey({ type: 'Country', id: `id ${n}` }));
    const partitions = Array.from({ length: PARTITIONS_PER_TYPE }, (_, n) => partitionKey('Country', n));
    expect(new Set(keys.map(({ pk }) => pk))).toEqual(new Set(partitions));
    expect(keys[7]?.id).toBe('id 7');
  });

  test('an entity stays in the same partition from release to release', () => {
    const partitions = ['CH', 'DE', 'FR', '漢'].map((id) => tableKey({ type: 'Country', id }).pk);
    expect(partitions).toEqual(['Country#0', 'Country#0', 'Country#0', 'Country#4']);
  });
});

describe('a heartbeat', () => {
  const heartbeat = { type: 'Country', id: HEARTBEAT_ID };

  test('a heartbeat has a partition that lists do not read, and a message group that contains its id', () => {
    const partitions = Array.from({ length: PARTITIONS_PER_TYPE }, (_, n) => partitionKey('Country', n));
    expect(partitions).not.toContain(tableKey(heartbeat).pk);
    expect(tableKey(heartbeat)).toEqual({ pk: 'Country#heartbeat', id: HEARTBEAT_ID });
    expect(messageGroupId(heartbeat)).toBe('Country/freshet:heartbeat');
  });

  test.each([
    'freshet:Heartbeat',
    'freshet:heartbeat ',
    'heartbeat',
    'freshet:',
  ])('the id %j is not a heartbeat', (id) => {
    expect(isHeartbeat({ type: 'Country', id })).toBe(false);
    expect(tableKey({ type: 'Country', id }).pk).toMatch(/^Country#\d$/);
    expect(() => assertNotHeartbeat({ type: 'Country', id })).not.toThrow();
  });
});

describe('quoting a value in a message', () => {
  test.each([
    ['a text', 'a"b', '"a\\"b"'],
    ['not a number', Number.NaN, 'NaN'],
    ['an infinite number', Number.POSITIVE_INFINITY, 'Infinity'],
    ['a BigInt', 12n, '12n'],
    ['undefined', undefined, 'undefined'],
    ['a BigInt inside an array', [1n], '[object Array]'],
    ['an object that contains itself', circular(), '[object Object]'],
  ])('a message can quote %s', (_, value, shown) => {
    expect(quoted(value)).toBe(shown);
  });

  test('a quoted value is cut to about 80 characters, followed by its full length', () => {
    expect(quoted('x'.repeat(1_000_000))).toBe(`"${'x'.repeat(76)}... (1000002 characters)`);
  });

  test('a shortened text never ends in half a character', () => {
    expect(shortened('😀'.repeat(60)).isWellFormed()).toBe(true);
  });
});

function circular(): object {
  const value: Record<string, unknown> = {};
  value.self = value;
  return value;
}

test('the message group of a heartbeat is told from the groups of all other entities', () => {
  const group = (id: string) => messageGroupId({ type: 'Country', id });
  expect(isHeartbeatGroup(group(HEARTBEAT_ID))).toBe(true);
  for (const id of ['CH', 'heartbeat', `${HEARTBEAT_ID}2`, 'x'.repeat(500)])
    expect(isHeartbeatGroup(group(id))).toBe(false);
  expect(isHeartbeatGroup(HEARTBEAT_ID)).toBe(false);
});
