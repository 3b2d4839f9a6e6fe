import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { followChanges } from '../../../../cli/commands/up/follow-changes.ts';
import { readProject } from '../../../../cli/commands/up/project-files.ts';

let folder: string;
let stop: AbortController;
let calls: (readonly string[])[];
let ended: Promise<void>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'freshet-follow-'));
  for (const name of ['lib', 'node_modules', 'cdk.out', '.freshet', 'dist', '.git']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'lib', 'stack.ts'), 'one');
  stop = new AbortController();
  calls = [];
});
afterEach(async () => {
  stop.abort();
  await ended;
  rmSync(folder, { recursive: true });
});

/** Follows the folder. @param work what each call does */
function follow(work: () => Promise<void> = async () => undefined): void {
  const apply = async (files: readonly string[]) => {
    calls.push(files);
    await work();
  };
  ended = followChanges(folder, readProject(folder), stop.signal, apply, 30);
}

const write = (path: string, text: string) => writeFileSync(join(folder, path), text);

describe('following the changes of a project', () => {
  test('files that change shortly one after the other lead to one call', async () => {
    follow();
    write('lib/stack.ts', 'two');
    write('lib/contracts.ts', 'new');
    await vi.waitFor(() => expect(calls).toHaveLength(1));
    expect([...(calls[0] ?? [])].sort()).toEqual(['lib/contracts.ts', 'lib/stack.ts']);
  });

  test('a file in a folder that was made later is followed, and a removed file counts as changed', async () => {
    follow();
    mkdirSync(join(folder, 'lib', 'deeper'));
    write('lib/stack.ts', 'two');
    await vi.waitFor(() => expect(calls).toEqual([['lib/stack.ts']]));
    write('lib/deeper/function.ts', 'x');
    await vi.waitFor(() => expect(calls.slice(1)).toEqual([['lib/deeper/function.ts']]));
    rmSync(join(folder, 'lib', 'deeper', 'function.ts'));
    await vi.waitFor(() => expect(calls.slice(2)).toEqual([['lib/deeper/function.ts']]));
  });

  test('files of linked workspace packages are followed, compiled ones too, and those of other packages are not', async () => {
    const app = realpathSync(folder);
    const sibling = realpathSync(mkdtempSync(join(tmpdir(), 'freshet-sibling-')));
    const deeper = realpathSync(mkdtempSync(join(tmpdir(), 'freshet-deeper-')));
    const unrelated = realpathSync(mkdtempSync(join(tmpdir(), 'freshet-unrelated-')));
    try {
      for (const one of [sibling, deeper, unrelated])
        mkdirSync(join(one, 'node_modules', '@acme'), { recursive: true });
      mkdirSync(join(sibling, 'dist'));
      mkdirSync(join(app, 'node_modules', '@acme'));
      symlinkSync(sibling, join(app, 'node_modules', '@acme', 'contracts'), 'junction');
      symlinkSync(unrelated, join(app, 'node_modules', '@acme', 'unrelated'), 'junction');
      symlinkSync(deeper, join(sibling, 'node_modules', '@acme', 'deeper'), 'junction');
      symlinkSync(app, join(deeper, 'node_modules', '@acme', 'app'), 'junction');
      writeFileSync(join(app, 'package.json'), '{"dependencies":{"@acme/contracts":"*","zod":"4"}}');
      writeFileSync(join(sibling, 'package.json'), '{"devDependencies":{"@acme/deeper":"*"}}');
      writeFileSync(join(deeper, 'package.json'), '{"dependencies":{"@acme/app":"*"}}');
      follow();
      writeFileSync(join(unrelated, 'contracts.ts'), 'one');
      writeFileSync(join(sibling, 'node_modules', 'x'), 'x');
      writeFileSync(join(sibling, 'dist', 'contracts.js'), 'one');
      await vi.waitFor(() => expect(calls).toEqual([[relative(app, join(sibling, 'dist', 'contracts.js'))]]));
      writeFileSync(join(deeper, 'contracts.ts'), 'one');
      await vi.waitFor(() => expect(calls.slice(1)).toEqual([[relative(app, join(deeper, 'contracts.ts'))]]));
    } finally {
      stop.abort();
      await ended;
      for (const one of [sibling, deeper, unrelated]) rmSync(one, { recursive: true });
    }
  });

  test('a file that is written again with the same content, and files that tools write, lead to no call', async () => {
    follow();
    write('lib/stack.ts', 'one');
    for (const ignored of ['node_modules', 'cdk.out', '.freshet', 'dist', '.git']) write(`${ignored}/x`, 'x');
    write('lib/contracts.ts', 'new');
    await vi.waitFor(() => expect(calls).toEqual([['lib/contracts.ts']]));
  });

  test('changes during a call lead to one more call after it, and never to two at a time', async () => {
    let atOnce = 0;
    let most = 0;
    let release = (): void => {};
    follow(async () => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      atOnce -= 1;
    });
    write('lib/stack.ts', 'two');
    await vi.waitFor(() => expect(calls).toHaveLength(1));
    // A second follower shows when a change would have led to a call.
    const seenByOther = vi.fn(async () => undefined);
    const otherEnded = followChanges(folder, readProject(folder), stop.signal, seenByOther, 30);
    write('lib/stack.ts', 'three');
    await vi.waitFor(() => expect(seenByOther).toHaveBeenCalledTimes(1));
    write('lib/stack.ts', 'four');
    await vi.waitFor(() => expect(seenByOther).toHaveBeenCalledTimes(2));
    expect(calls).toHaveLength(1);
    release();
    await vi.waitFor(() => expect(calls).toHaveLength(2));
    release();
    write('lib/contracts.ts', 'new');
    await vi.waitFor(() => expect(calls).toHaveLength(3));
    expect({ calls, most }).toEqual({ calls: [['lib/stack.ts'], ['lib/stack.ts'], ['lib/contracts.ts']], most: 1 });
    release();
    stop.abort();
    await otherEnded;
  });
});
