import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { contentProblems, loadProblems, type PackageName } from './contents.ts';
import { installedIn } from './installed.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'freshet-contents-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, content: string | object): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content));
}

describe('contentProblems', () => {
  test.each<[PackageName, string[]]>([
    ['freshet-aws', ['LICENSE', 'README.md', 'package.json', 'dist/core/own.js', 'core/own.ts', 'docs/glossary.md']],
    ['freshet-local', ['LICENSE', 'package.json', 'dist/index.d.ts.map', 'index.ts', 'fifo/queue.ts']],
    ['freshet-cli', ['LICENSE', 'package.json', 'dist/freshet.js', 'docs/runbook.md']],
  ])('the check of contents accepts code, licence and pages of %s', (name, files) => {
    expect(contentProblems(name, files)).toEqual([]);
  });

  test.each<[PackageName, string]>([
    ['freshet-aws', 'dist/examples/shop/app.js'],
    ['freshet-aws', 'dist/bench/run.js'],
    ['freshet-aws', 'bin/app.ts'],
    ['freshet-aws', 'core/own/own.test.ts'],
    ['freshet-aws', 'local/cloud.ts'],
    ['freshet-aws', 'docs/node_modules/vitepress/index.js'],
    ['freshet-local', 'node_modules/esbuild/bin/esbuild'],
    ['freshet-local', 'dist/test/pipeline.js'],
    ['freshet-cli', 'freshet.ts'],
    ['freshet-cli', 'dist/test/pipeline.js'],
  ])('mutant: the check of contents of %s finds %s', (name, file) => {
    expect(contentProblems(name, [file])).toEqual([expect.stringContaining(file)]);
  });
});

describe('loadProblems', () => {
  beforeEach(() => {
    write('package.json', {
      name: 'freshet-aws',
      exports: {
        '.': { types: './index.d.ts', default: './dist/package/index.js' },
        './package.json': './package.json',
      },
      dependencies: { zod: '^4.0.0' },
      peerDependencies: { 'aws-cdk-lib': '^2.0.0', '@aws-sdk/client-cloudwatch': '^3.0.0' },
    });
    write('dist/package/index.js', 'export {};');
    write('dist/lib/x.js', "import 'aws-cdk-lib/aws-sqs';");
  });

  test('the check of loads accepts Node, the package itself, declared packages and contracts', () => {
    write('dist/core/own.js', "import 'node:fs'; import 'crypto'; import 'zod/mini'; import 'freshet-aws/cdk';");
    write(
      'dist/lambdas/relay.js',
      "import '../core/own.js'; import '#contracts'; import '@aws-sdk/client-cloudwatch';",
    );
    expect(loadProblems(folder)).toEqual([]);
  });

  test.each([
    ['an undeclared package', 'dist/lambdas/relay.js', "import '@scope/other/part';", /loads @scope\/other, which/],
    ['constructs at run time', 'dist/package/index.js', "import 'aws-cdk-lib';", /entry \. loads aws-cdk-lib$/],
    ['a later load of constructs', 'dist/package/index.js', "import('aws-cdk-lib');", /entry \. loads aws-cdk-lib$/],
    ['constructs behind a file', 'dist/package/index.js', "import '../lib/x.js';", /entry \. loads aws-cdk-lib$/],
    ['a file of the constructs', 'dist/package/index.js', "import '../lib/x.js';", /entry \. loads dist\/lib\/x\.js$/],
    [
      'the CloudWatch client at run time',
      'dist/package/index.js',
      "import '@aws-sdk/client-cloudwatch';",
      /entry \. loads @aws-sdk\/client-cloudwatch$/,
    ],
  ])('mutant: the check of loads finds %s', (_, path, text, problem) => {
    write(path, text);
    expect(loadProblems(folder)).toContainEqual(expect.stringMatching(problem));
  });
});

describe('installedIn', () => {
  const lock = (entry: object) =>
    write('node_modules/.package-lock.json', { packages: { 'node_modules/plain': {}, 'node_modules/other': entry } });

  test('the packages, their disk space and no binaries are read from node_modules', () => {
    lock({});
    write('node_modules/plain/index.js', 'x'.repeat(10_000));
    const { packages, bytes, binaries } = installedIn(folder);
    expect(packages).toEqual(['node_modules/plain', 'node_modules/other']);
    expect(bytes).toBeGreaterThan(10_000);
    expect(binaries).toEqual([]);
  });

  test.each([
    ['a package for one platform', { os: ['linux'], cpu: ['x64'] }],
    ['a package that downloads its binary', { hasInstallScript: true }],
  ])('mutant: the check of binaries finds %s', (_, entry) => {
    lock(entry);
    expect(installedIn(folder).binaries).toEqual(['node_modules/other']);
  });

  test('mutant: the check of binaries finds a WebAssembly file', () => {
    lock({});
    write('node_modules/other/sqlite.wasm', '');
    expect(installedIn(folder).binaries).toEqual([join('other', 'sqlite.wasm')]);
  });
});
