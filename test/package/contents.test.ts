import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { contentProblems, loadProblems } from './contents.ts';

describe('the check of what is in the package', () => {
  test('takes code, licence and README', () => {
    const files = ['LICENSE', 'README.md', 'package.json', 'dist/core/own.js', 'dist/bin/freshet.js'];
    expect(contentProblems(files)).toEqual([]);
  });

  test.each([
    'dist/examples/shop/app.js',
    'dist/bench/run.js',
    'dist/test/pipeline.js',
    'dist/bin/app.js',
    'docs/glossary.md',
    'core/own/own.ts',
  ])('mutant: finds %s', (file) => {
    expect(contentProblems([file])).toEqual([expect.stringContaining(file)]);
  });
});

describe('the check of what is loaded', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'freshet-contents-'));
    write('package.json', JSON.stringify(MANIFEST));
    for (const path of ['dist/package/index.js', 'dist/bin/freshet.js', 'dist/lambdas/relay.js'])
      write(path, 'export {};');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const MANIFEST = {
    exports: { '.': { types: './index.d.ts', default: './dist/package/index.js' }, './package.json': './package.json' },
    bin: { freshet: 'dist/bin/freshet.js' },
    dependencies: { zod: '^4.0.0' },
    peerDependencies: { 'aws-cdk-lib': '^2.0.0' },
  };
  const write = (path: string, text: string): void => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  };

  test('takes Node, what is declared, and the contracts', () => {
    write('dist/core/own.js', "import 'node:fs'; import 'crypto'; import 'zod/mini';");
    write('dist/lambdas/relay.js', "import '../core/own.js'; import '#contracts';");
    expect(loadProblems(folder)).toEqual([]);
  });

  test.each([
    ['a package that is not declared', 'dist/lambdas/relay.js', "import '@scope/other/part';", /@scope\/other, which/],
    ['constructs at run time', 'dist/package/index.js', "import 'aws-cdk-lib';", /^\. loads aws-cdk-lib$/],
    ['such a load that comes later', 'dist/package/index.js', "import('aws-cdk-lib');", /^\. loads aws-cdk-lib$/],
    ['one behind another file', 'dist/package/index.js', "import '../lib/x.js';", /^\. loads aws-cdk-lib$/],
    ['the file itself', 'dist/package/index.js', "import '../lib/x.js';", /^\. loads dist\/lib\/x\.js$/],
  ])('mutant: finds %s', (_, path, text, problem) => {
    write('dist/lib/x.js', "import 'aws-cdk-lib/aws-sqs';");
    write(path, text);
    expect(loadProblems(folder)).toContainEqual(expect.stringMatching(problem));
  });
});
