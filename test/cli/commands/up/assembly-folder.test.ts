import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { assemblyFolder, removeAssemblies } from '../../../../cli/commands/up/assembly-folder.ts';

/** Above the process ids of a system. */
const GONE = 2 ** 30;

let project: string;

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'freshet-assemblies-'));
});

afterEach(() => rmSync(project, { recursive: true }));

test('only the assemblies of this process and of killed processes are removed', () => {
  const others = [`cloud-assembly-${process.ppid}`, 'cloud-assembly-x', 'test-assembly'];
  for (const name of [...others, `cloud-assembly-${GONE}`])
    mkdirSync(join(project, '.freshet', name), { recursive: true });
  mkdirSync(join(assemblyFolder(project), 'assets'), { recursive: true });
  removeAssemblies(project);
  expect(readdirSync(join(project, '.freshet'))).toEqual(others);
});

test('nothing is removed from a project in which no local cloud was started', () => {
  removeAssemblies(project);
  expect(readdirSync(project)).toEqual([]);
});
