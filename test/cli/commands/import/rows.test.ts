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
    const long = `{"a":"${'x'.repeat(16 * 1024 * 1024)}"}`;
    expect(await rows('ndjson', `${long}\n{"b":2}\n`)).toMatchObject([
      { place: 'line 1', problem: 'too long. Allowed: at most 16777216 bytes' },
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

  test('an element of a JSON array that is not JSON is rejected, and the next element is read', async () => {
    expect(await rows('json', '[{"a":1] , {"a":"],\\"}"} {"b":2},\n{"c":3} ]', 1)).toMatchObject([
      { place: 'element 1', problem: expect.stringContaining('not JSON') },
      { place: 'element 2', problem: expect.stringContaining('not JSON') },
      { place: 'element 3', fields: { c: 3 } },
    ]);
  });

  test('an element of a JSON array that is too long is skipped, and the next element is read', async () => {
    expect(await rows('json', `[{"a":"${'x'.repeat(16 * 1024 * 1024)}"},{"b":2}]`)).toMatchObject([
      { place: 'element 1', problem: 'too long. Allowed: at most 16777216 bytes' },
      { place: 'element 2', fields: { b: 2 } },
    ]);
  });

  test.each(['[]', ' [ ] ', '[\n]'])('the empty JSON array %j has no elements', async (text) => {
    expect(await rows('json', text)).toEqual([]);
  });

  test.each([
    '"x"',
    '{"a":1}',
    '{',
    '[',
    '[{"a":1}',
    '[{"a":1},,]',
    '[{"a":1},]',
    '[,{"a":1}]',
    '[{"a":1}}]',
    '[{"a":1}] 2',
    '[]]',
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

describe('numbers of an import', () => {
  const LONG = '1318796827993409899';

  test.each([
    [LONG, '1318796827993409800'],
    ['12345678901234567890', '12345678901234567000'],
    ['0.1234567890123456789012', '0.12345678901234568'],
    ['1e400', 'Infinity'],
    ['-9007199254740993', '-9007199254740992'],
    ['1e-400', '0'],
  ])('the number %s is rejected in NDJSON and JSON with its path, and the next row is read', async (number, rounded) => {
    const [bad, good] = [`{"a":[{"n":${number}}]}`, '{"n":1}'];
    const problem = expect.stringContaining(
      `a[0].n: the number ${number} can't be stored exactly: it would become ${rounded}`,
    );
    const read = [{ problem }, { fields: { n: 1 } }];
    expect(await rows('ndjson', `${bad}\n${good}\n`)).toMatchObject(read);
    expect(await rows('json', `[${bad},${good}]`)).toMatchObject(read);
  });

  test.each([
    '1.0',
    '1e2',
    '-0',
    '0.1',
    '1E+2',
    '100000000000000000000',
    '5e-324',
    '9007199254740992',
    '1.7976931348623157e308',
  ])('the number %s is read, because it stays the same number', async (number) => {
    expect(await rows('ndjson', `{"n":${number}}`)).toMatchObject([{ fields: { n: Number(number) } }]);
  });

  test('digits in a text and in a key are not numbers', async () => {
    const line = `{"${LONG}":"${LONG}","quoted \\" ${LONG}":"\\\\"}`;
    expect(await rows('ndjson', line)).toMatchObject([{ fields: { [LONG]: LONG } }]);
  });

  test('an object with the same key twice is rejected, because one of the values would be lost', async () => {
    expect(await rows('ndjson', '{"a":1,"b":{"c":1,"\\u0063":2}}\n{"a":{"a":1},"b":[{"a":1},{"a":2}]}')).toMatchObject([
      { place: 'line 1', problem: 'b.c: given twice' },
      { place: 'line 2', fields: { a: { a: 1 } } },
    ]);
  });
});

describe('text of an import that is not UTF-8', () => {
  const bad = (text: string) => Buffer.from(text, 'latin1');

  test('a line of NDJSON is rejected with its number and the byte of the line, and the next line is read', async () => {
    expect(await rows('ndjson', bad('{"a":1}\n{"a":"caf\xe9"}\n{"a":2}\n'), 3)).toMatchObject([
      { place: 'line 1', fields: { a: 1 } },
      { place: 'line 2', problem: 'byte 10 is not UTF-8' },
      { place: 'line 3', fields: { a: 2 } },
    ]);
  });

  test('an element of a JSON array is rejected with its number and the byte of the element', async () => {
    expect(await rows('json', bad('[{"a":"\xff"},{"a":2}]'))).toMatchObject([
      { place: 'element 1', problem: 'byte 7 is not UTF-8' },
      { place: 'element 2', fields: { a: 2 } },
    ]);
  });

  test('a line of CSV is rejected with its number and the byte of the line, and the next line is read', async () => {
    const text = 'id,name\n\xe9,a\n\xe8,b\n1,"c\nd\xc3"\n2,\xc3\xa9\n';
    for (const chunkBytes of [1, 65_536]) {
      expect(await rows('csv', bad(text), chunkBytes)).toMatchObject([
        { place: 'line 2', problem: 'byte 1 is not UTF-8' },
        { place: 'line 3', problem: 'byte 1 is not UTF-8' },
        { place: 'line 5', problem: 'byte 2 is not UTF-8' },
        { place: 'line 6', fields: { id: '2', name: 'é' } },
      ]);
    }
  });

  test('a CSV header that is not UTF-8 is refused', async () => {
    await expect(rows('csv', bad('id,n\xe4me\n1,a\n'))).rejects.toThrow('CSV header: column 2: byte 2 is not UTF-8.');
  });
});

describe('keys of an import that would be lost', () => {
  test.each<[Format, string]>([
    ['ndjson', '{"__proto__":{"a":1},"constructor":2}'],
    ['json', '[{"__proto__":{"a":1},"constructor":2}]'],
  ])('the keys __proto__ and constructor of %s reach the owner, which decides about them', async (format, text) => {
    const [row] = await rows(format, text);
    expect(row && 'fields' in row && Object.entries(row.fields)).toEqual([
      ['__proto__', { a: 1 }],
      ['constructor', 2],
    ]);
  });

  test.each([
    ['__proto__', 'id,__proto__\n1,2\n', 'the name __proto__ is not allowed'],
    ['given twice', 'id,n,n\n1,2,3\n', 'the column "n" is given twice'],
  ])('a CSV header with a column that is %s is refused', async (_, text, problem) => {
    await expect(rows('csv', text)).rejects.toThrow(problem);
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

async function rows(format: Format, input: string | Buffer, chunkBytes = 65_536): Promise<Row[]> {
  const bytes = Buffer.from(input as string);
  const chunks = async function* () {
    for (let from = 0; from < bytes.length; from += chunkBytes) yield bytes.subarray(from, from + chunkBytes);
  };
  const all: Row[] = [];
  for await (const row of readRows(chunks(), format)) all.push(row);
  return all;
}
