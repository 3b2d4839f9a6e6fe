import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runHere, startHere } from '../support/command-line.ts';
import { type Depot, startDepot } from './depot/world.ts';

const slow = { timeout: 60_000 };
let depot: Depot;
let folder: string;

beforeAll(async () => {
  [depot, folder] = await Promise.all([startDepot(), mkdtemp(join(tmpdir(), 'freshet-files-'))]);
}, 120_000);
afterAll(async () => {
  await depot?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Writes a file and returns its path. */
async function fileOf(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}
const lines = (...ids: readonly string[]) =>
  ids.map((id) => `${JSON.stringify({ id, name: `name of ${id}` })}\n`).join('');
const owned = async () => {
  const { out } = await depot.run('export', 'depot', 'Item');
  const all = out.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
  return all.flatMap(({ id, deleted }) => (deleted ? [] : [id])).sort();
};
/** Makes the owner's type equal to a file. */
const sync = (path: string, ...more: readonly string[]) =>
  depot.run('import', 'Item', path, '--id', 'id', '--sync', '--yes', ...more);

/** Makes the owner have exactly these entities. */
async function own(...ids: readonly string[]) {
  const path = await fileOf('own.ndjson', lines(...ids));
  const { code, err } = await sync(path, '--max-deletes', '9999');
  expect({ code, err }).toMatchObject({ code: 0 });
}

describe('freshet import of files as they are', slow, () => {
  test('a stray quote in CSV rejects its line by number and byte, and the other records are put', async () => {
    const path = await fileOf('stray.csv', ' id ;name\r\n1;one\n2;12" record\r3;"three"\n3;again\n');
    const { code, out, err } = await depot.run('import', 'Item', path, '--id', 'id', '--delimiter', ';');
    expect({ code, out }).toEqual({ code: 1, out: '4 records: 2 created, 0 changed, 0 unchanged, 2 rejected\n' });
    expect(err).toContain('line 3 (byte 17): column 2: a quote in a cell that is not quoted');
    expect(err).toContain('line 5 (byte 40): the id "3" was given before, in line 4');
    expect(await owned()).toEqual(['1', '3']);
  });

  test('a gzip file in latin1 is read from standard input, and a cut one puts the records before the cut', async () => {
    const all = Array.from({ length: 200 }, (_, n) => `k${n},é${Math.sin(n)}\n`).join('');
    const file = gzipSync(Buffer.from(`id,name\n${all}`, 'latin1'));
    const args = ['import', 'Item', '-', '--id', 'id', '--format', 'csv', '--encoding', 'latin1', '--json'];
    const cut = await runHere(args, depot.folder, file.subarray(0, file.length - 1_000));
    expect(cut).toMatchObject({ code: 2, err: expect.stringContaining('the gzip data is cut off') });
    const { records, created, rejected, ...rest } = JSON.parse(cut.out);
    expect({ sum: created + rejected, rejected }).toEqual({ sum: records, rejected: 1 });
    expect(rest).toMatchObject({ changed: 0, unchanged: 0, deleted: 0, notPut: 0, interrupted: false });
    const whole = await runHere(args, depot.folder, file);
    expect(JSON.parse(whole.out)).toMatchObject({ records: 200, created: 200 - created, unchanged: created });
    expect((await depot.owner.owner.get('Item', 'k7'))?.state).toEqual({ name: `é${Math.sin(7)}` });
  });

  test.each<[string, string | Uint8Array, readonly string[], string]>([
    ['an empty file', '', [], 'has no records. Given: 0 bytes. Allowed: at least one record.'],
    ['only a byte order mark', '\uFEFF', [], 'has no records. Given: 3 bytes'],
    ['only a header', 'id,name\n', ['--format', 'csv'], 'has no records. Given: 8 bytes'],
    ['an empty array', '[]', ['--format', 'json'], 'has no records'],
    ['no array', '{}', ['--format', 'json'], 'it does not begin with ['],
    ['another encoding', '\uFEFF{}', ['--encoding', 'utf-16le'], '--encoding: given: utf-16le. The byte order mark'],
    ['a delimiter for JSON', '[]', ['--format', 'json', '--delimiter', ';'], '--delimiter: the format is json'],
    [
      'a long delimiter',
      'a',
      ['--format', 'csv', '--delimiter', ';;'],
      '--delimiter: given: ";;". Allowed: tab, or one',
    ],
    [
      'another field of the id',
      '{"key":"a"}\n{"key":"b"}\n',
      [],
      '--id: no row can be put, such as line 1: no id field id',
    ],
    ['a header without the id', 'key,name\n1,a\n', ['--format', 'csv'], 'no id field id. Fields of the row: key, name'],
  ])('%s is refused with what was given and what is allowed', async (name, content, options, message) => {
    const path = await fileOf(`${name.replaceAll(' ', '-')}.txt`, content);
    const { code, out, err } = await depot.run('import', 'Item', path, '--id', 'id', ...options);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  });

  test('a directory and a file that does not exist are refused', async () => {
    await mkdir(join(folder, 'directory'), { recursive: true });
    for (const [path, why] of [
      ['directory', 'it is a directory (EISDIR)'],
      ['nothing', 'there is no such file (ENOENT)'],
    ] as const) {
      const { code, err } = await depot.run('import', 'Item', join(folder, path), '--id', 'id');
      expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining(why) });
    }
  });

  test('NUL bytes and a file of another kind reject their records, and no command ends with a stack trace', async () => {
    const bytes = Uint8Array.from({ length: 20_000 }, (_, n) => (n * n * 31 + (n >> 3)) % 256);
    for (const format of ['ndjson', 'json', 'csv']) {
      const path = await fileOf(`noise.${format}`, bytes);
      for (const command of [
        ['import', 'Item', path, '--id', 'id'],
        ['delete', 'Item', '--from', path, '--yes'],
      ]) {
        const { code, err } = await depot.run(...command);
        expect([1, 2]).toContain(code);
        expect(err).not.toMatch(/^\s+at |--debug/m);
      }
    }
  });
});

describe('freshet import --sync', slow, () => {
  const ids = Array.from({ length: 30 }, (_, n) => `s${n}`);

  test('the owner becomes equal to the file, and a second run changes nothing', async () => {
    await own(...ids);
    const file = `${lines(...ids.slice(2), 'new')}`.replace('name of s5', 'other name');
    const path = await fileOf('feed.ndjson', file);
    const sync = ['import', 'Item', path, '--id', 'id', '--sync'];
    const planned = await depot.run(...sync, '--dry-run', '--json');
    const counts = { records: 29, created: 1, changed: 1, unchanged: 27, rejected: 0, leftOut: 0, deleted: 2 };
    expect(JSON.parse(planned.out)).toEqual({ dryRun: true, ...counts, owned: 30 });
    expect(await owned()).toEqual([...ids].sort());
    const asked = await depot.run(...sync);
    expect(asked).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('Delete 2 entities of Item at depot?'),
    });
    expect(await owned()).toEqual([...ids].sort());
    const done = await depot.run(...sync, '--yes', '--json');
    expect(done.code).toBe(0);
    expect(done.err).toContain('dry run: 1 would be created, 1 changed, 27 unchanged, 2 deleted, 0 rejected');
    expect(JSON.parse(done.out)).toEqual({ ...counts, kept: 0, notPut: 0, interrupted: false });
    expect(await owned()).toEqual([...ids.slice(2), 'new'].sort());
    const again = await depot.run(...sync);
    expect(again.out).toBe('29 records: 0 created, 0 changed, 29 unchanged, 0 rejected, 0 entities deleted\n');
  });

  test('more deletions than a tenth are refused before anything is changed, unless --max-deletes allows them', async () => {
    await own(...ids);
    const path = await fileOf('short.ndjson', lines('new', ...ids.slice(4)));
    const sync = ['import', 'Item', path, '--id', 'id', '--sync', '--yes'];
    const refused = await depot.run(...sync);
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.err).toContain(
      'the file lacks 4 of the 30 entities that the owner has. Allowed: a tenth of them, which is 3. Nothing was ' +
        'changed. If the file is complete, pass --max-deletes 4.',
    );
    expect((await depot.run(...sync, '--max-deletes', '3')).err).toContain('Allowed: 3, as --max-deletes says');
    expect(await owned()).toEqual([...ids].sort());
    expect((await depot.run(...sync, '--max-deletes', '4')).code).toBe(0);
    expect(await owned()).toEqual([...ids.slice(4), 'new'].sort());
  });

  test.each<[string, string, string]>([
    ['that has a rejected record', `${lines(...ids.slice(1))}oops\n`, '1 records were rejected'],
    [
      'that has an invalid state',
      `${lines(...ids.slice(1))}{"id":"s0","name":"never valid"}\n`,
      '1 records were rejected',
    ],
    [
      'that ends early',
      `[${lines(...ids.slice(1))
        .trim()
        .split('\n')
        .join(',')}`,
      'ends before the JSON array is complete',
    ],
  ])('a file %s changes nothing', async (_, content, why) => {
    await own(...ids);
    const path = await fileOf('bad.txt', content);
    const format = content.startsWith('[') ? 'json' : 'ndjson';
    const { code, out, err } = await sync(path, '--format', format);
    expect(out).toBe('');
    expect(code).toBeGreaterThan(0);
    expect(err).toContain(why);
    expect(err).toMatch(/nothing was changed/i);
    expect(await owned()).toEqual([...ids].sort());
  });

  test('standard input is refused, because the file is read twice', async () => {
    const { code, err } = await runHere(
      ['import', 'Item', '-', '--id', 'id', '--sync', '--yes'],
      depot.folder,
      lines('a'),
    );
    expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining('--sync: given: standard input') });
  });
});

describe('freshet delete --from', slow, () => {
  test('the entities of a file are deleted, and each record that is rejected is named', async () => {
    await own('a', 'b', 'c', '7');
    const path = await fileOf('gone.ndjson', '{"id":"a"}\noops\n{"id":7}\n{"id":null}\n');
    const first = await depot.run('delete', 'Item', '--from', path);
    expect(first.out).toBe('4 records: 2 deleted, 0 deleted before, 0 never existed, 2 rejected\n');
    expect(first.code).toBe(1);
    expect(first.err).toMatch(/line 2 \(byte 11\): not JSON[\s\S]*line 4 \(byte 25\): id: not an id: null/);
    expect(await owned()).toEqual(['b', 'c']);
    const csv = await fileOf('gone.csv', 'key,why\nb,old\na,old\nnobody,old\n');
    const second = await depot.run('delete', 'Item', '--from', csv, '--id', 'key', '--json');
    expect(second.code).toBe(3);
    expect(JSON.parse(second.out)).toMatchObject({ records: 3, deleted: 1, unchanged: 1, unknown: 1, rejected: 0 });
    expect(await owned()).toEqual(['c']);
    const exported = (await depot.run('export', 'depot', 'Item', '--format', 'csv')).out;
    const rest = await fileOf('rest.csv', exported);
    expect((await depot.run('delete', 'Item', '--from', rest)).code).toBe(0);
    expect(await owned()).toEqual([]);
  });

  test.each([
    [['delete', 'Item'], 'no entity given'],
    [['delete', 'Item', 'a', '--from', 'x.csv'], 'an id and --from are both given'],
    [['delete', 'Item', '--from', 'x.csv', '--expected-version', '1'], '--expected-version: --from is given'],
  ])('%j is refused', async (args, message) => {
    expect(await depot.run(...args)).toMatchObject({ code: 2, err: expect.stringContaining(message) });
  });
});

describe('freshet export in each format', slow, () => {
  test.each(['ndjson', 'json', 'csv'])('an export as %s is imported again without a change', async (format) => {
    await own('a,"b"', ' c\r\nd', 'é😀', '__proto__', '001');
    const { out } = await depot.run('export', 'depot', 'Item', '--format', format);
    const path = await fileOf(`all.${format}`, out);
    const { code, out: counts } = await depot.run('import', 'Item', path, '--sync', '--json');
    expect({ code, counts: JSON.parse(counts) }).toMatchObject({
      code: 0,
      counts: { unchanged: 5, deleted: 0, created: 0 },
    });
  });
});

describe('Ctrl-C', slow, () => {
  test('an import of a large file says what was done, and the next run goes on', async () => {
    const many = Array.from({ length: 600 }, (_, n) => `many${n}`);
    const path = await fileOf('many.ndjson', lines(...many));
    const running = startHere(['import', 'Item', path, '--id', 'id', '--json'], depot.folder);
    await expect.poll(() => depot.owner.owner.get('Item', 'many5'), slow).toBeDefined();
    running.interrupt();
    const { code, out, err } = await running.ended;
    const { interrupted, records, created, notPut } = JSON.parse(out);
    expect({ code, interrupted, err }).toEqual({
      code: 130,
      interrupted: true,
      err: expect.stringContaining('run the command again'),
    });
    expect(created + notPut).toBe(records);
    expect(records).toBeLessThan(600);
    const again = JSON.parse((await depot.run('import', 'Item', path, '--id', 'id', '--json')).out);
    expect(again).toMatchObject({ records: 600, created: 600 - created, unchanged: created });
  });
});
