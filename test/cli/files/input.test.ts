import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { formatOf, openInput } from '../../../cli/files/input.ts';
import { commandIo } from '../../support/command-io.ts';

test('a file that is changed while it is read is an error, and one that stays the same is none', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'freshet-input-'));
  try {
    const path = join(folder, 'feed.ndjson');
    await writeFile(path, '{}\n');
    const input = await openInput(commandIo(), path);
    for await (const chunk of input.chunks) expect(`${chunk}`).toBe('{}\n');
    await input.assertUnchanged();
    await appendFile(path, '{}\n');
    await expect(input.assertUnchanged()).rejects.toThrow('was changed while it was read: it had 3 bytes, and has 6');
    input.close();
  } finally {
    await rm(folder, { recursive: true });
  }
});

test.each([
  ['a.csv', 'csv'],
  ['a.JSON.gz', 'json'],
  ['a.ndjson', 'ndjson'],
  ['a.txt.gz', undefined],
  ['-', undefined],
])('the format of %s is %s', (file, format) => {
  expect(formatOf(file)).toBe(format);
});
