import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../../local/engine/temporary.ts';

test('the data folder is in memory if there is enough room, and otherwise among the temporary files', async () => {
  const memory = await mkdtemp(join(tmpdir(), 'freshet-test-'));
  expect(await temporaryFolder(memory, 1)).toBe(memory);
  expect(await temporaryFolder(memory, Number.MAX_SAFE_INTEGER)).toBe(tmpdir());
  await rm(memory, { recursive: true });
  expect(await temporaryFolder(memory, 1)).toBe(tmpdir());
});
