import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingDefault } from '../../lib/default-export.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'freshet-default-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function problemOf(name: string, text: string, alias = '#contracts'): string | undefined {
  const file = join(folder, name);
  writeFileSync(file, text);
  return missingDefault({ [alias]: file }, buildSync);
}

const COMPILED = 'Object.defineProperty(exports, "__esModule", { value: true });\nconst a = require("freshet-aws");\n';

describe('a module that defines a boundary or a saga', () => {
  test.each([
    [
      'contracts.ts',
      "import { defineBoundary } from 'freshet-aws';\nexport default defineBoundary(import.meta.url, {});",
    ],
    ['contracts.mts', 'const geography = 1;\nexport { geography as default };'],
    ['contracts.ts', "export { default } from './other';"],
    ['contracts.cts', "import f = require('freshet-aws');\nexport = f.defineBoundary(__filename, {});"],
    ['contracts.js', `${COMPILED}exports.default = (0, a.defineBoundary)(__filename, {});`],
    ['contracts.js', `${COMPILED}Object.defineProperty(exports, "default", { get: () => geography });`],
    ['contracts.cjs', "module.exports = require('freshet-aws').defineBoundary(__filename, {});"],
  ])('a default export is found in %s: %s', (name, text) => {
    expect(problemOf(name, text)).toBeUndefined();
  });

  test.each([
    ['contracts.ts', 'export const geography = defineBoundary(import.meta.url, {});', 'export default geography;'],
    ['contracts.ts', 'export const one: Boundary = defineBoundary(__filename, {});', 'export default one;'],
    [
      'contracts.js',
      `${COMPILED}const b = (0, a.defineBoundary)(__filename, {});\nexports.b = b;`,
      'exports.default = b;',
    ],
    ['contracts.ts', 'export const all = { geography: 1 };', 'export default THE_DEFINITION;'],
  ])('%s without a default export is refused with the line to add: %s', (name, text, line) => {
    expect(problemOf(name, text)).toBe(
      `${join(folder, name)}: no default export, so the Lambda functions would not find its definition. ` +
        `Add this line: ${line}`,
    );
  });

  test('the module of a saga is refused with the line to add, too', () => {
    expect(problemOf('saga.ts', 'export const payment = defineSaga(import.meta.url, {});', '#saga')).toMatch(
      /Add this line: export default payment;$/,
    );
  });
});

test('a function that imports no definition needs no default export', () => {
  expect(missingDefault({}, buildSync)).toBeUndefined();
});
