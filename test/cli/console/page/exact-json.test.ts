import { expect, test } from 'vitest';
import {
  compactJson,
  compactText,
  isWithin,
  type JsonNode,
  jsonLines,
  MAX_DEPTH,
  parseExact,
  pathText,
  prettyJson,
} from '../../../../cli/console/page/pure/exact-json.ts';

function parsed(text: string): JsonNode {
  const node = parseExact(text);
  if (node === undefined) throw new Error(`not parsed: ${text}`);
  return node;
}

test('numbers keep their text, also beyond the exact ones of JavaScript', () => {
  const text = '{"big":12345678901234567890,"area":551695.00,"small":1e-400,"list":[-0,true,null]}';
  expect(compactJson(parsed(text))).toBe(text);
  expect(prettyJson(parsed(text))).toContain('"big": 12345678901234567890,');
});

test('a key __proto__ is a key as any other and changes no object', () => {
  const node = parsed('{"__proto__":{"polluted":true},"constructor":1}');
  expect(node).toEqual({
    kind: 'object',
    entries: [
      ['__proto__', { kind: 'object', entries: [['polluted', { kind: 'plain', source: 'true' }]] }],
      ['constructor', { kind: 'plain', source: '1' }],
    ],
  });
  expect('polluted' in {}).toBe(false);
});

test('strings are read with their escapes, and marks inside of strings are no marks', () => {
  const text = String.raw`{"a\"b":"x\\","c":"{[,:]}\u202e\n","":""}`;
  expect(parsed(text)).toEqual({
    kind: 'object',
    entries: [
      ['a"b', { kind: 'string', value: 'x\\' }],
      ['c', { kind: 'string', value: '{[,:]}\u202e\n' }],
      ['', { kind: 'string', value: '' }],
    ],
  });
});

test('a text for editing escapes hidden characters and is still the same JSON', () => {
  const text = prettyJson(parsed('{"flag":"\u202eFR","k\u200b":[]}'));
  expect(text).toBe('{\n  "flag": "\\u202eFR",\n  "k\\u200b": []\n}');
  expect(JSON.parse(text)).toEqual({ flag: '\u202eFR', 'k\u200b': [] });
});

test('what is no JSON, or is nested too deep, is not parsed', () => {
  expect(parseExact('{"a":1')).toBeUndefined();
  expect(parseExact('')).toBeUndefined();
  expect(parseExact(`${'['.repeat(MAX_DEPTH)}${']'.repeat(MAX_DEPTH)}`)).toBeDefined();
  expect(parseExact(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)).toBeUndefined();
});

test('a string of 250 KB with an escape at each place is read', () => {
  const value = '"\\\n'.repeat(80_000);
  expect(parsed(JSON.stringify([value]))).toEqual({ kind: 'list', items: [{ kind: 'string', value }] });
});

test('pretty-printing gives what JSON.stringify gives', () => {
  const value = { name: { common: 'France' }, capital: ['Paris'], none: [], empty: {}, landlocked: false };
  expect(prettyJson(parsed(JSON.stringify(value)))).toBe(JSON.stringify(value, null, 2));
});

test('each line knows the path of its value, so that the wrong part can be marked', () => {
  const lines = jsonLines(parsed('{"data":{"tags":["a",{"b":1}]},"region":2}'));
  const marked = lines.filter(({ path }) => isWithin(path, ['data', 'tags', 1])).map(({ path }) => pathText(path));
  expect(marked).toEqual(['data.tags[1]', 'data.tags[1].b', 'data.tags[1]']);
  expect(pathText(['a b', 0, 'c'])).toBe('["a b"][0].c');
});

test('a text that is sent has no white space between its values, and numbers as they were typed', () => {
  expect(compactText('{ "big" : 12345678901234567890,\n  "area": 1.50, "a b": [ 1, " x " ] }')).toBe(
    '{"big":12345678901234567890,"area":1.50,"a b":[1," x "]}',
  );
  // The server refuses a key that is there twice, so it must still get it.
  expect(compactText('{"a": 1, "a": 2}')).toBe('{"a":1,"a":2}');
  expect(compactText('{ no JSON')).toBe('{ no JSON');
});

test('a state whose indented text is too long for a request is sent in its own size', () => {
  const text = JSON.stringify(
    Array.from({ length: 1_000 }, () => ({ a: { b: { c: [] } } })),
    null,
    2,
  );
  expect(compactText(text)).toBe(JSON.stringify(JSON.parse(text)));
});
