import { describe, expect, test } from 'vitest';
import { type Format, type Row, readRows } from '../../../../cli/commands/import/rows.ts';

describe('reading NDJSON', () => {
  test('each row of NDJSON has its line, also a row that is not a JSON object', async () => {
    expect(await rows('ndjson', '{"a":1}\r\n\n[1]\n{oops\n{"b":2}')).toMatchObject([
      { place: 'line 1', fields: { a: 1 } },
      { place: 'line 3', problem: 'not a JSON object: [1]' },
      { place: 'line 4', problem: expect.stringContaining('not JSON') },
      { place: 'line 5', fields: { b: 2 } },
    ]);
  });

  test('a line of NDJSON that is too long is skipped, and the next line is read', async () => {
    const long = `{"a":"${'x'.repeat(1024 * 1024)}"}`;
    expect(await rows('ndjson', `${long}\n{"b":2}\n`)).toMatchObject([
      { place: 'line 1', problem: 'longer than the 1048576 bytes allowed' },
      { place: 'line 2', fields: { b: 2 } },
    ]);
  });
});

describe('reading a JSON array', () => {
  test('each element of a JSON array has its position', async () => {
    expect(await rows('json', ' [{"a":[{"b":1}]}, 5]')).toMatchObject([
      { place: 'element 1', fields: { a: [{ b: 1 }] } },
      { place: 'element 2', problem: 'not a JSON object: 5' },
    ]);
  });

  test.each([
    '"x"',
    '{"a":1}',
    '{',
    '[',
    '[{"a":1}',
    '[{"a":1},,]',
    '',
  ])('the text %j is refused as a JSON array instead of being read in part', async (text) => {
    await expect(rows('json', text)).rejects.toThrow(/JSON array/);
  });
});

describe('reading CSV', () => {
  test('quoted CSV cells are read, and rows with too few or too many cells are reported', async () => {
    expect(await rows('csv', 'id,name\n1,"a, ""b""\nc"\n2\n3,d,e\n\n4,f\n')).toMatchObject([
      { fields: { id: '1', name: 'a, "b"\nc' }, cells: true },
      { place: 'line 4', problem: expect.stringContaining('Invalid Record Length') },
      { place: 'line 5', problem: expect.stringContaining('Invalid Record Length') },
      { place: 'line 7', fields: { id: '4', name: 'f' } },
    ]);
  });
});

describe('reading any format', () => {
  test.each<[Format, string]>([
    ['ndjson', '{"é":"😀"}\n'],
    ['json', '[{"é":"😀"}]'],
    ['csv', 'é\n😀\n'],
  ])('%s is read with a byte order mark and in chunks that split characters', async (format, text) => {
    expect(await rows(format, `\uFEFF${text}`, 1)).toMatchObject([{ fields: { é: '😀' } }]);
  });
});

async function rows(format: Format, text: string, chunkBytes = 65_536): Promise<Row[]> {
  const bytes = Buffer.from(text);
  const chunks = async function* () {
    for (let from = 0; from < bytes.length; from += chunkBytes) yield bytes.subarray(from, from + chunkBytes);
  };
  const all: Row[] = [];
  for await (const row of readRows(chunks(), format)) all.push(row);
  return all;
}
