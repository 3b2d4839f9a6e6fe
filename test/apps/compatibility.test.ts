import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from '../support/command-line.ts';
import { COMBINATIONS, UNSUPPORTED } from './combinations.ts';
import { ROWS } from './table.ts';

const PAGE = readFileSync(join(root, 'docs/compatibility.md'), 'utf8');

/** The rows of the page whose first cell is a name of the job's, or looks like one. */
function rowsOf(page: string): string[] {
  return page.split('\n').filter((line) => /^\| [a-z][a-z0-9-]* \|/.test(line) && !/^\| (name|setting) \|/.test(line));
}

describe('docs/compatibility.md', () => {
  test('docs/compatibility.md has a row for each app that npm run test:apps tries, and no other rows', () => {
    expect(rowsOf(PAGE)).toEqual(ROWS);
  });

  test('mutant: the check of docs/compatibility.md finds a row that the job does not try', () => {
    expect(rowsOf(`${PAGE}\n| windows | Windows | \`cmd\` |`)).not.toEqual(ROWS);
  });

  test('npm run test:apps tries at least ten apps, each by a name of its own', () => {
    const names = [...COMBINATIONS, ...UNSUPPORTED].map(({ name }) => name);
    expect(COMBINATIONS.length).toBeGreaterThanOrEqual(10);
    expect(new Set(names).size).toBe(names.length);
  });

  test('the version of aws-cdk that makes the app is the one of package.json', () => {
    const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      devDependencies: Record<string, string>;
    };
    expect(readFileSync(join(root, 'test/apps/install.ts'), 'utf8')).toContain(
      `'aws-cdk@${devDependencies['aws-cdk']}'`,
    );
  });
});
