import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ALLOWED_IMPORTS, ENTRY_IMPORTS, projectFiles, violations } from './support/import-rule.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

const problemsOf = (path: string, text: string) => violations([{ path, text }]).map(({ problem }) => problem);

describe('the import rule', () => {
  test('holds for every source file', () => {
    const files = projectFiles(root);
    expect(new Set(files.map(({ path }) => path.split('/')[0]))).toEqual(new Set(Object.keys(ALLOWED_IMPORTS)));
    expect(violations(files)).toEqual([]);
  });

  const folders = [...Object.keys(ALLOWED_IMPORTS), 'test'];
  const edges = Object.entries(ALLOWED_IMPORTS).flatMap(([from, allowed]) =>
    folders.map((to) => [from, to, allowed.includes(to)] as const),
  );

  test.each(edges.filter(([, , allowed]) => !allowed))('mutant: %s that imports %s is reported', (from, to) => {
    expect(problemsOf(`${from}/planted.ts`, `import { x } from '../${to}/x.ts';`)).toEqual([
      expect.stringContaining(`imports ${to}/x.ts`),
    ]);
  });

  test.each(edges.filter(([, , allowed]) => allowed))('lets %s import %s', (from, to) => {
    expect(problemsOf(`${from}/planted.ts`, `import { x } from '../${to}/x.ts';`)).toEqual([]);
  });

  test('mutant: a rule that lets others import bench, or bench import tests, is noticed', () => {
    const importers = Object.entries(ALLOWED_IMPORTS).flatMap(([from, to]) => (to.includes('bench') ? [from] : []));
    expect(importers).toEqual(['bench']);
    expect(Object.keys(ALLOWED_IMPORTS).filter((folder) => !ALLOWED_IMPORTS.bench?.includes(folder))).toEqual([]);
    expect(ALLOWED_IMPORTS.bench).not.toContain('test');
  });

  test('lets lib take the names of attributes from one file of the adapters, and nothing else', () => {
    expect(problemsOf('lib/planted.ts', `import { ATTRIBUTE } from '../adapters/aws/items.ts';`)).toEqual([]);
    expect(problemsOf('lib/planted.ts', `import { listType } from '../adapters/aws/list.ts';`)).toHaveLength(1);
  });

  test.each(Object.entries(ENTRY_IMPORTS))('lets %s take what it is for, and nothing else', (path, allowed) => {
    const up = '../'.repeat(path.split('/').length - 1);
    const taken = folders.filter((to) => problemsOf(path, `export { x } from '${up}${to}/x.ts';`).length === 0);
    expect(taken.toSorted()).toEqual(allowed.toSorted());
  });

  test('mutant: run time that loads constructs or the local cloud is reported', () => {
    for (const to of ['lib', 'local', 'cli', 'lambdas', 'package']) {
      expect(problemsOf('package/index.ts', `export { x } from '../${to}/x.ts';`)).toHaveLength(1);
    }
  });

  test.each([
    ['a type', `import type { T } from '../lib/x.ts';`],
    ['a default', `import x from "../lib/x.ts";`],
    ['everything', `import * as x\n  from '../lib/x.ts';`],
    ['for its side effect', `import '../lib/x.ts';`],
    ['dynamically', `const x = await import('../lib/x.ts');`],
    ['in a type', `type T = import('../lib/x.ts').T;`],
    ['by a template', 'const x = await import(`../lib/x.ts`);'],
    ['to export it', `export { x } from '../lib/x.ts';`],
    ['to export all', `export * from '../lib/x.ts';`],
    ['by require', `const x = require('../lib/x.ts');`],
    ['from a folder further down', `import { x } from '../core/../lib/x.ts';`],
    ['after a regular expression with a quote', `const r = /['"\`/]/; import x from '../lib/x.ts';`],
    ['inside a template', `const t = \`a \${{ a: \`\${1}\` }.a} b \${await import('../lib/x.ts')} c\`;`],
    ['after a division', `const n = 4 / 2; import x from '../lib/x.ts'; const m = 1 / 2;`],
  ])('mutant: sees what is imported %s', (_, text) => {
    expect(problemsOf('adapters/planted.ts', text)).toEqual([expect.stringContaining('imports lib/x.ts')]);
  });

  test('says where', () => {
    const text = `/* two\nlines */\nimport x from '../lib/x.ts';`;
    expect(violations([{ path: 'cli/x.ts', text }])).toMatchObject([{ path: 'cli/x.ts', line: 3 }]);
  });

  test.each([
    ['a comment', `// import x from '../lib/x.ts';\n/** {@link import('../lib/x.ts')} */`],
    ['a text', `const s = "import x from '../lib/x.ts'";`],
    ['a member', `loader.import('../lib/x.ts');`],
  ])('takes %s for no import', (_, text) => {
    expect(problemsOf('adapters/planted.ts', text)).toEqual([]);
  });
});

describe('core', () => {
  test.each([
    [`import { SNSClient } from '@aws-sdk/client-sns';`, 'imports @aws-sdk/client-sns'],
    [`import type { SQSEvent } from 'aws-lambda';`, 'imports aws-lambda'],
    [`import { readFileSync } from 'node:fs';`, 'imports node:fs'],
    [`import { request } from 'http';`, 'imports http'],
    [`import { setTimeout } from 'node:timers/promises';`, 'imports node:timers/promises'],
    [`import { createHash, randomUUID } from 'node:crypto';`, 'imports createHash, randomUUID'],
    [`import { randomBytes as createHash } from 'node:crypto';`, 'imports randomBytes'],
    [`import * as crypto from 'node:crypto';`, 'imports all from node:crypto'],
    ['await import(name);', 'only known when it runs'],
    ['const stage = process.env.STAGE;', 'uses process'],
    ['const now = Date.now();', 'uses Date.now'],
    ['const clock = Date.now;', 'uses Date.now'],
    ['const now = new Date();', 'uses new Date()'],
    ['const now = new Date;', 'uses new Date()'],
    ['const now = Date();', 'uses new Date()'],
    ['const dice = Math.random();', 'uses Math.random'],
    ['const id = crypto.randomUUID();', 'uses crypto'],
    ['const now = performance.now();', 'uses performance'],
    ['setTimeout(f, 1);', 'uses setTimeout'],
    ['setInterval(f, 1);', 'uses setInterval'],
    ['setImmediate(f);', 'uses setImmediate'],
    ["fetch('https://example.com');", 'uses fetch'],
    ["console.log('x');", 'uses console'],
    [`const text = \`at \${Date.now()}\`;`, 'uses Date.now'],
  ])('mutant: %s is reported', (text, problem) => {
    expect(problemsOf('core/planted.ts', text)).toContainEqual(expect.stringContaining(problem));
    expect(problemsOf('adapters/planted.ts', text)).toEqual([]);
  });

  test.each([
    `import { createHash } from 'node:crypto';`,
    `import * as z from 'zod/mini';`,
    'const at = new Date(nowMs).toISOString();',
    'const ms = Date.parse(text);',
    'step.process();',
    'const max = Math.max(1, 2);',
    '/** Not `Date.now()`: the clock is an argument. */',
    'interface Ports { process: () => void }',
  ])('may say %s', (text) => {
    expect(problemsOf('core/planted.ts', text)).toEqual([]);
  });
});
