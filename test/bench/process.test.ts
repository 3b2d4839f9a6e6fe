import { existsSync } from 'node:fs';
import { mkdtemp, open, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bytesReadBy, memoryOf, treeMemoryMb } from '../../bench/support/process.ts';

/** A process id that no process has: Linux assigns lower ones only. */
const NO_PROCESS = 2 ** 22 + 1;

let folder: string;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'freshet-test-')));
});

afterEach(() => rm(folder, { recursive: true }));

describe.skipIf(!existsSync('/proc/self/status'))('a running process', () => {
  test('the memory of a running process is about what the process itself reports, and is not above its peak', () => {
    const seen = process.memoryUsage().rss / 2 ** 20;
    const { nowMb = 0, peakMb = 0 } = memoryOf(process.pid) ?? {};
    expect(nowMb).toBeGreaterThan(seen / 2);
    expect(nowMb).toBeLessThan(seen * 2);
    expect(peakMb).toBeGreaterThanOrEqual(nowMb);
    expect(treeMemoryMb(process.pid)).toBeGreaterThan(seen / 2);
  });

  test('the bytes that a process has read from a file are known while the file is open', async () => {
    const file = join(folder, 'rows');
    await writeFile(file, 'x'.repeat(1_000));
    expect(bytesReadBy(process.pid, file)).toBeUndefined();
    const handle = await open(file);
    await handle.read(Buffer.alloc(300), 0, 300);
    expect(bytesReadBy(process.pid, file)).toBe(300);
    await handle.close();
  });
});

test('nothing is known about a process that does not exist', () => {
  expect(memoryOf(NO_PROCESS)).toBeUndefined();
  expect(treeMemoryMb(NO_PROCESS)).toBe(0);
  expect(bytesReadBy(NO_PROCESS, join(folder, 'rows'))).toBeUndefined();
});
