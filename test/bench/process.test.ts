import { existsSync } from 'node:fs';
import { mkdtemp, open, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bytesReadBy, memoryOf, treeMemoryMb } from '../../bench/support/process.ts';

/** No process has it: the highest that Linux gives is below. */
const NO_PROCESS = 2 ** 22 + 1;

let folder: string;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'freshet-test-')));
});

afterEach(() => rm(folder, { recursive: true }));

describe.skipIf(!existsSync('/proc/self/status'))('of a running process', () => {
  test('memory is what the process itself sees, and never above its peak', () => {
    const seen = process.memoryUsage().rss / 2 ** 20;
    const { nowMb = 0, peakMb = 0 } = memoryOf(process.pid) ?? {};
    expect(nowMb).toBeGreaterThan(seen / 2);
    expect(nowMb).toBeLessThan(seen * 2);
    expect(peakMb).toBeGreaterThanOrEqual(nowMb);
    expect(treeMemoryMb(process.pid)).toBeGreaterThan(seen / 2);
  });

  test('the bytes that it has read of a file are known while the file is open', async () => {
    const file = join(folder, 'rows');
    await writeFile(file, 'x'.repeat(1_000));
    expect(bytesReadBy(process.pid, file)).toBeUndefined();
    const handle = await open(file);
    await handle.read(Buffer.alloc(300), 0, 300);
    expect(bytesReadBy(process.pid, file)).toBe(300);
    await handle.close();
  });
});

test('of a process that is gone nothing is known', () => {
  expect(memoryOf(NO_PROCESS)).toBeUndefined();
  expect(treeMemoryMb(NO_PROCESS)).toBe(0);
  expect(bytesReadBy(NO_PROCESS, join(folder, 'rows'))).toBeUndefined();
});
