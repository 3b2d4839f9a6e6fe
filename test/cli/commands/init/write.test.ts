import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { writePlan } from '../../../../cli/commands/init/write.ts';
import { app, filesIn, init, read } from './app.ts';

/** Root may write every file, so the process gives up root for a test. */
function withoutRoot(): void {
  if (process.getuid?.() === 0) process.seteuid?.(65_534);
}
afterEach(() => {
  if (process.getuid?.() === 0) process.seteuid?.(0);
});

// Only root may read a clone in a temporary folder, so a first run loads the command's own files.
beforeAll(() => init(app()));

/** An app that every user may change. */
function openApp(files: Parameters<typeof app>[0] = {}): string {
  const folder = app(files);
  for (const path of ['', 'bin', ...filesIn(folder)]) chmodSync(join(folder, path), 0o777);
  return folder;
}

describe('the files that freshet init writes', () => {
  test.each([
    'package.json',
    'bin/shop.ts',
  ])('a %s that may not be written is named, and nothing is written', async (file) => {
    const folder = openApp();
    chmodSync(join(folder, file), 0o444);
    const before = filesIn(folder);
    withoutRoot();
    const { code, err } = await init(folder);
    expect(err).toContain(`these can't be written, so nothing was written: ${file}.`);
    expect(code).toBe(2);
    expect(filesIn(folder)).toEqual(before);
  });

  test('a file in the place of a folder is named, and nothing is written', async () => {
    const folder = app({ lib: 'mine' });
    const { code, err } = await init(folder);
    expect(err).toContain("these can't be written, so nothing was written: lib.");
    expect(code).toBe(2);
    expect(filesIn(folder)).toEqual(['bin/shop.ts', 'cdk.json', 'lib', 'package.json']);
  });

  test('after a write that failed, the app is as it was before', () => {
    const folder = app();
    const [before, files] = [read(folder, 'bin/shop.ts'), filesIn(folder)];
    const plan = {
      created: { 'lib/a/one.ts': 'one', 'bin/two.ts': 'two' },
      changed: { 'bin/shop.ts': 'changed', 'package.json': '{}' },
    };
    const failing: typeof writeFileSync = (file, content) => {
      if (String(file).endsWith('package.json')) throw new Error('the disk is full');
      writeFileSync(file, content);
    };
    expect(() => writePlan(folder, plan, failing)).toThrow(
      "package.json can't be written, and what was written before",
    );
    expect(filesIn(folder)).toEqual(files);
    expect(read(folder, 'bin/shop.ts')).toBe(before);
  });

  test('an app of projen keeps its package.json, and the lines for the file .projenrc are printed', async () => {
    const folder = openApp({ '.projenrc.ts': '' });
    const before = read(folder, 'package.json');
    chmodSync(join(folder, 'package.json'), 0o444);
    withoutRoot();
    const { code, out, err } = await init(folder);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(read(folder, 'package.json')).toBe(before);
    expect(out).toMatch(/\n {2}project\.addDeps\('aws-cdk-lib@\^2\..*'freshet-aws@\^.*\);\n/);
    expect(out).toMatch(/\n {2}project\.addDevDeps\(.*'freshet-cli@\^.*\);\n/);
    expect(out).toContain("\n  project.setScript('start', 'freshet up');\n");
    expect(out).toContain('Next:\n  npx projen\n  npm test\n');
  });
});
