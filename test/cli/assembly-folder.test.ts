import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { assemblyFolder, removeAssemblies } from '../../cli/assembly-folder.ts';

/** Above what a system gives to processes. */
const GONE = 2 ** 30;

let project: string;

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'freshet-assemblies-'));
});

afterEach(() => rmSync(project, { recursive: true }));

test("what is removed is this process's own assembly and those of killed ones, and nothing else", () => {
  const others = [`cloud-assembly-${process.ppid}`, 'cloud-assembly-x', 'test-assembly'];
  for (const name of [...others, `cloud-assembly-${GONE}`])
    mkdirSync(join(project, '.freshet', name), { recursive: true });
  mkdirSync(join(assemblyFolder(project), 'assets'), { recursive: true });
  removeAssemblies(project);
  expect(readdirSync(join(project, '.freshet'))).toEqual(others);
});

test('a project that nothing was started in has none', () => {
  removeAssemblies(project);
  expect(readdirSync(project)).toEqual([]);
});
