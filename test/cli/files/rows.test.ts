import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Encoding } from '../../../cli/files/encoding.ts';
import { placeText } from '../../../cli/files/place.ts';
import type { Row } from '../../../cli/files/row.ts';
import { type Format, type ReadOptions, readRows } from '../../../cli/files/rows.ts';

describe('reading NDJSON', () => {
  test('each row of NDJSON has its line, also a row that is not a JSON object', async () => {
    expect(await rows('ndjson', '{"a":1}\r\n\n[1]\n{oops\n{"b":2}')).toMatchObject([
      { place: 'line 1 (byte 0)', fields: { a: 1 } },
      { place: 'line 3 (byte 10)', problem: 'not a JSON object: [1]' },
      { place: 'line 4 (byte 14)', problem: expect.stringContaining('not JSON') },
      { place: 'line 5 (byte 20)', fields: { b: 2 } },
    ]);
  });

  test('a line of NDJSON that is too long is skipped, and the next line is read', async () => {
    const long = `{"a":"${'x'.repeat(16 * 1024 * 1024)}"}`;
    expect(await rows('ndjson', `${long}\n{"b":2}\n`)).toMatchObject([
      { place: 'line 1 (byte 0)', problem: 'too long. Allowed: at most 16777216 bytes' },
      { place: 'line 2 (byte 16777225)', fields: { b: 2 } },
    ]);
  });
});

describe('reading a JSON array', () => {
  test('each element of a JSON array has its position', async () => {
    expect(await rows('json', ' [{"a":[{"b":1}]}, 5]')).toMatchObject([
      { place: 'element 1 (line 1, byte 2)', fields: { a: [{ b: 1 }] } },
      { place: 'element 2 (line 1, byte 19)', problem: 'not a JSON object: 5' },
    ]);
  });

  test('an element of a JSON array that is not JSON is rejected, and the next element is read', async () => {
    expect(await rows('json', '[{"a":1,} , {"a":"],\\"}"} {"b":2},\n{"c":3} ]', 1)).toMatchObject([
      { place: 'element 1 (line 1, byte 1)', problem: expect.stringContaining('not JSON') },
      { place: 'element 2 (line 1, byte 12)', problem: expect.stringContaining('not JSON') },
      { place: 'element 3 (line 2, byte 35)', fields: { c: 3 } },
    ]);
  });

  test('an element of a JSON array that is too long is skipped, and the next element is read', async () => {
    expect(await rows('json', `[{"a":"${'x'.repeat(16 * 1024 * 1024)}"},{"b":2}]`)).toMatchObject([
      { place: 'element 1 (line 1, byte 1)', problem: 'too long. Allowed: at most 16777216 bytes' },
      { place: 'element 2 (line 1, byte 16777226)', fields: { b: 2 } },
    ]);
  });

  test.each(['[]', ' [ ] ', '[\n]'])('the empty JSON array %j has no elements', async (text) => {
    expect(await rows('json', text)).toEqual([]);
  });

  test.each([
    ['"x"', 0, 'it does not begin with ['],
    ['{"a":1}', 0, 'it does not begin with ['],
    ['', 0, 'it is empty'],
    ['[', 0, 'ends before the JSON array is complete'],
    ['[{"a":1}', 1, 'ends before the JSON array is complete'],
    ['[{"a":1},{"b"', 2, 'ends before the JSON array is complete, after element 1'],
    ['[{"a":1}}]', 1, '} without its opening bracket'],
    ['[{"a":1},{"b":[2},{"c":3}]', 2, '} without its opening bracket'],
    ['[{"a":1}] 2', 1, 'more text follows the array at byte 10'],
    ['[]]', 0, 'more text follows the array at byte 2'],
  ])('the broken array %j gives the %i elements before its end, then the reason', async (text, count, reason) => {
    const before: unknown[] = [];
    await expect(collect(text, before)).rejects.toThrow(reason);
    expect(before).toHaveLength(count);
    if (text.startsWith('[{"a":1},')) expect(before[0]).toMatchObject({ fields: { a: 1 } });
  });

  test('an element that is missing between commas is rejected alone', async () => {
    expect(await rows('json', '[{"a":1},,{"b":2},]')).toMatchObject([
      { fields: { a: 1 } },
      { place: 'element 2 (line 1, byte 9)', problem: 'missing between commas' },
      { fields: { b: 2 } },
      { place: 'element 4 (line 1, byte 18)', problem: 'missing between commas' },
    ]);
  });

  const collect = async (text: string, into: unknown[]) => {
    for await (const row of readRows(chunksOf(Buffer.from(text), 3), { format: 'json' })) into.push(row);
  };
});

describe('reading CSV', () => {
  test('quoted CSV cells are read, and rows with too few or too many cells are reported', async () => {
    expect(await rows('csv', 'id,name\n1,"a, ""b""\nc"\n2\n3,d,e\n\n4,f\n')).toMatchObject([
      { place: 'lines 2 to 3 (byte 8)', fields: { id: '1', name: 'a, "b"\nc' }, cells: true },
      { place: 'line 4 (byte 23)', problem: '1 cell. Expected: 2, as in the header' },
      { place: 'line 5 (byte 25)', problem: '3 cells. Expected: 2, as in the header' },
      { place: 'line 7 (byte 32)', fields: { id: '4', name: 'f' } },
    ]);
  });

  test.each([
    ['in a cell that is not quoted', '2,12" record', 'a quote in a cell that is not quoted'],
    ['that closes a cell too early', '2,"12" record"', 'text after the quote that closes the cell'],
    [
      'that is never closed',
      '2,"12 record',
      'a quoted cell goes on to line 5, column 2: text after the quote that closes the cell',
    ],
    [
      'that the next quoted cell closes',
      '2,"12 record\n3,"x"',
      'a quoted cell goes on to line 4, column 2: text after the quote that closes the cell',
    ],
  ])('a quote %s rejects its line, and the lines after it are read', async (_, bad, problem) => {
    const text = `id,name\n1,a\n${bad}\n4,b\n5,"c"\n`;
    for (const chunkBytes of [1, 65_536]) {
      const read = await rows('csv', text, chunkBytes);
      const rejected = read.filter((row) => 'problem' in row);
      expect(rejected).toEqual([{ place: 'line 3 (byte 12)', problem: expect.stringContaining(problem) }]);
      expect(read).toContainEqual(expect.objectContaining({ fields: { id: '4', name: 'b' } }));
      expect(read).toContainEqual(expect.objectContaining({ fields: { id: '5', name: 'c' } }));
      if (bad.includes('3,')) expect(read).toContainEqual(expect.objectContaining({ fields: { id: '3', name: 'x' } }));
    }
  });

  test('a record that is too long is rejected alone, on one line or with a quote that is not closed', async () => {
    const long = 'x'.repeat(2_000);
    const text = `id,name\n1,${long}\n2,a\n3,"b\n${`4${'y'.repeat(98)},c\n`.repeat(20)}5,d\n`;
    const read = await rows('csv', text, 100, { maxRecordBytes: 1_000 });
    expect(read.filter((row) => 'problem' in row)).toEqual([
      { place: 'line 2 (byte 8)', problem: 'too long. Allowed: at most 1000 bytes' },
      { place: 'line 4 (byte 2015)', problem: expect.stringMatching(/column 2 is not closed.*at most 1000 bytes/) },
    ]);
    expect(read).toHaveLength(24);
  });

  test('a quote that is never closed before a million empty lines rejects its line, in little memory', async () => {
    const read = await rows('csv', `id,name\n1,"a\n${'\n'.repeat(1_000_000)}2,b\n`);
    expect(read).toEqual([
      { place: 'line 2 (byte 8)', problem: expect.stringContaining('Allowed: at most 100000 lines in a record') },
      { place: 'line 1000003 (byte 1000013)', fields: { id: '2', name: 'b' }, cells: true },
    ]);
  });

  test('line feeds, carriage returns and both end a line, also within one file and on the border of two chunks', async () => {
    for (let chunkBytes = 1; chunkBytes < 12; chunkBytes += 1) {
      expect(await rows('csv', 'id,n\r\n1,a\n2,b\r3,"c\r\nd"\r\n\r\n4,e', chunkBytes)).toEqual([
        { place: 'line 2 (byte 6)', fields: { id: '1', n: 'a' }, cells: true },
        { place: 'line 3 (byte 10)', fields: { id: '2', n: 'b' }, cells: true },
        { place: 'lines 4 to 5 (byte 14)', fields: { id: '3', n: 'c\r\nd' }, cells: true },
        { place: 'line 7 (byte 26)', fields: { id: '4', n: 'e' }, cells: true },
      ]);
    }
    const read = await rows('ndjson', '{"a":1}\r{"a":2}\r\n\n{"a":3}');
    expect(read.map(({ place }) => place)).toEqual(['line 1 (byte 0)', 'line 2 (byte 8)', 'line 4 (byte 18)']);
  });

  test.each([
    '\t',
    ';',
    '|',
  ])('cells may be separated by %j, and the names of the header are trimmed', async (delimiter) => {
    const text = `${[' id ', '" n "'].join(delimiter)}\n${['1', ' a,b '].join(delimiter)}`;
    expect(await rows('csv', text, 2, { delimiter })).toMatchObject([{ fields: { id: '1', n: ' a,b ' } }]);
  });

  test.each([
    ['id,n, n \n1,2,3\n', 'the column "n" is given twice, as columns 2 and 3'],
    ['id,,n\n1,2,3\n', 'column 2 has no name'],
    ['id,"n\n1,2\n', 'line 1 (byte 0): the quote that begins column 2 is not closed'],
    ['id,__proto__\n1,2\n', 'column 2: the name __proto__ is not allowed'],
  ])('the header of %j is refused', async (text, problem) => {
    await expect(rows('csv', text)).rejects.toThrow(`CSV header: ${problem}`);
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
      { problem: 'b.c: given twice' },
      { fields: { a: { a: 1 } } },
    ]);
  });
});

describe('text of an import that is not UTF-8', () => {
  const bad = (text: string) => Buffer.from(text, 'latin1');

  test('a line of NDJSON is rejected with its number and the byte of the line, and the next line is read', async () => {
    expect(await rows('ndjson', bad('{"a":1}\n{"a":"caf\xe9"}\n{"a":2}\n'), 3)).toMatchObject([
      { fields: { a: 1 } },
      { place: 'line 2 (byte 8)', problem: 'byte 17 is not UTF-8' },
      { fields: { a: 2 } },
    ]);
  });

  test('an element of a JSON array is rejected with its number and the byte of the element', async () => {
    expect(await rows('json', bad('[{"a":"\xff"},{"a":2}]'))).toMatchObject([
      { place: 'element 1 (line 1, byte 1)', problem: 'byte 7 is not UTF-8' },
      { fields: { a: 2 } },
    ]);
  });

  test('a line of CSV is rejected with its number and the byte of the line, and the next line is read', async () => {
    const text = 'id,name\n\xe9,a\n\xe8,b\n1,"c\nd\xc3"\n2,\xc3\xa9\n';
    for (const chunkBytes of [1, 65_536]) {
      expect(await rows('csv', bad(text), chunkBytes)).toMatchObject([
        { place: 'line 2 (byte 8)', problem: 'byte 8 is not UTF-8' },
        { place: 'line 3 (byte 12)', problem: 'byte 12 is not UTF-8' },
        { place: 'lines 4 to 5 (byte 16)', problem: 'byte 22 is not UTF-8' },
        { place: 'line 6 (byte 25)', fields: { id: '2', name: 'é' } },
      ]);
    }
  });

  test('a CSV header that is not UTF-8 is refused', async () => {
    await expect(rows('csv', bad('id,n\xe4me\n1,a\n'))).rejects.toThrow(
      'CSV header: line 1 (byte 0): byte 4 is not UTF-8.',
    );
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
});

describe('reading any format', () => {
  test.each<[Format, string]>([
    ['ndjson', '{"é":"😀"}\n'],
    ['json', '[{"é":"😀"}]'],
    ['csv', 'é\n😀\n'],
  ])('%s is read with a byte order mark and in chunks that split characters', async (format, text) => {
    expect(await rows(format, `\uFEFF${text}`, 1)).toMatchObject([{ fields: { é: '😀' } }]);
  });

  test.each<[Encoding, (text: string) => Buffer, number]>([
    ['utf-16le', (text) => Buffer.from(text, 'utf16le'), 2],
    ['utf-16be', (text) => Buffer.from(text, 'utf16le').swap16(), 2],
    ['latin1', (text) => Buffer.from(text, 'latin1'), 1],
    ['windows-1252', (text) => Buffer.from(text, 'latin1'), 1],
  ])('a file in %s is read, with the bytes of the file in its places', async (encoding, encode, unit) => {
    for (const chunkBytes of [1, 5, 65_536]) {
      const read = await rows('csv', encode('id,n\n1,"é\n\x7f"\n2\n3,ü'), chunkBytes, { encoding });
      expect(read).toMatchObject([
        { place: `lines 2 to 3 (byte ${5 * unit})`, fields: { id: '1', n: 'é\n\x7f' } },
        { place: `line 4 (byte ${13 * unit})`, problem: '1 cell. Expected: 2, as in the header' },
        { place: `line 5 (byte ${15 * unit})`, fields: { id: '3', n: 'ü' } },
      ]);
    }
  });

  test('a byte order mark tells UTF-16, and half a character is rejected with its line', async () => {
    const good = Buffer.from('\uFEFF{"a":"😀"}\n', 'utf16le');
    const bad = Buffer.from('{"a":"\ud83d"}\n{"b":2}', 'utf16le');
    for (const chunkBytes of [1, 65_536]) {
      expect(await rows('ndjson', Buffer.concat([good, bad, Buffer.of(7)]), chunkBytes)).toMatchObject([
        { place: 'line 1 (byte 2)', fields: { a: '😀' } },
        { place: 'line 2 (byte 24)', problem: 'byte 36 is not UTF-16LE' },
        { place: 'line 3 (byte 44)', problem: 'byte 58 is not UTF-16LE' },
      ]);
    }
    await expect(rows('ndjson', good, 9, { encoding: 'utf-8' })).rejects.toThrow('byte order mark of the input says');
  });

  test('a NUL byte rejects its record, with the encoding that the file may have', async () => {
    for (const [format, text] of [
      ['csv', 'id\na\0\nb'],
      ['ndjson', '\n{"a":\0}\n{"a":2}'],
    ] as const) {
      const [bad, good, more] = await rows(format, text);
      expect(bad).toMatchObject({ problem: expect.stringMatching(/^byte [46] is NUL\. .*--encoding utf-16le$/) });
      expect(good).toMatchObject({ fields: expect.anything() });
      expect(more).toBeUndefined();
    }
  });

  test('gzip is recognised by its content, and a file that is cut off gives the records before that point', async () => {
    const text = Array.from({ length: 3_000 }, (_, n) => `{"n":${n},"x":"${Math.sin(n)}"}\n`).join('');
    const whole = gzipSync(text);
    expect(await rows('ndjson', whole)).toHaveLength(3_000);
    for (const [bytes, reason] of [
      [whole.subarray(0, whole.length / 2), 'the gzip data is cut off'],
      [whole.subarray(0, -3), 'the gzip data is cut off'],
      [Buffer.concat([whole, Buffer.from('more')]), 'the gzip data is damaged'],
    ] as const) {
      const read: Row[] = [];
      const reading = async () => {
        for await (const row of readRows(chunksOf(bytes, 1_000), { format: 'ndjson' })) read.push(row);
      };
      await expect(reading()).rejects.toThrow(reason);
      expect(read.length).toBeGreaterThan(1_000);
      const cut = read.filter((row) => 'problem' in row);
      expect(cut.length).toBeLessThanOrEqual(1);
      for (const { problem } of cut) expect(problem).toContain('cut off');
    }
  });
});

/** The rows of an input, each with its place as text. */
async function rows(format: Format, input: string | Uint8Array, chunkBytes = 65_536, options?: Partial<ReadOptions>) {
  const read = readRows(chunksOf(Buffer.from(input as string), chunkBytes), { format, ...options });
  const all = [];
  for await (const { place, ...row } of read) all.push({ place: placeText(place), ...row });
  return all;
}

async function* chunksOf(bytes: Uint8Array, chunkBytes: number) {
  for (let from = 0; from < bytes.length; from += chunkBytes) yield bytes.subarray(from, from + chunkBytes);
}
