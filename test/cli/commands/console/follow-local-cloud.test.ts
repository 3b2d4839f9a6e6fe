import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { followLocalCloud } from '../../../../cli/commands/console/follow-local-cloud.ts';
import { type FoundLocalCloud, localFilePath } from '../../../../cli/deployment/local-file.ts';
import { commandIo } from '../../../support/command-io.ts';

const FOUND = { projectFolder: 'found' } as FoundLocalCloud;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'freshet-follow-'));
  mkdirSync(dirname(localFilePath(folder)), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Deploys again and again until something is so, because the watch may begin after the first deployment. */
async function deployUntil(check: () => void): Promise<void> {
  let n = 0;
  await vi.waitFor(() => {
    n += 1;
    writeFileSync(localFilePath(folder), 'x'.repeat(n));
    check();
  });
}

test('a local cloud that was deployed again is found', async () => {
  const seen: FoundLocalCloud[] = [];
  const end = followLocalCloud(folder, commandIo(), (found) => seen.push(found), {
    find: async () => FOUND,
    lookMs: 10,
  });
  await deployUntil(() => expect(seen).toContain(FOUND));
  end();
});

test('one that cannot be opened is a line on standard error, and the next one is found', async () => {
  const io = commandIo();
  const seen: string[] = [];
  const onFound = () => {
    seen.push('found');
    if (seen.length === 1) throw new Error('outputs of a newer version');
  };
  const end = followLocalCloud(folder, io, onFound, { find: async () => FOUND, lookMs: 10 });
  await deployUntil(() => expect(seen.length).toBeGreaterThan(1));
  end();
  expect(io.err()).toBe('the console still shows the former deployment: outputs of a newer version\n');
});

test('one that is found after the end is not opened, because nobody would close it', async () => {
  const seen: FoundLocalCloud[] = [];
  const answers: ((found: FoundLocalCloud) => void)[] = [];
  const find = () => new Promise<FoundLocalCloud>((resolve) => answers.push(resolve));
  const end = followLocalCloud(folder, commandIo(), (found) => seen.push(found), { find, lookMs: 10 });
  await deployUntil(() => expect(answers).not.toEqual([]));
  end();
  for (const answer of answers) answer(FOUND);
  await new Promise(setImmediate);
  expect(seen).toEqual([]);
});
