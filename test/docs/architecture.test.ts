import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const PAGE = fileURLToPath(new URL('../../docs/architecture.md', import.meta.url));
const text = readFileSync(PAGE, 'utf8');

/** What a newcomer asks for, and the page must answer with a file. */
const QUESTIONS = [
  'Deduplication id',
  'Conditional write',
  'Retry default',
  'Gap heal',
  'Backfill',
  'Inventory',
  'Staleness',
  'Saga effect',
  'Relay poison',
  '`parked redrive`',
];

/** The linked files of a text that don't exist. */
function missingFiles(page: string): string[] {
  const links = [...page.matchAll(/\]\((\.\.\/[^)#]+)\)/g)].map(([, link = '']) => link);
  return links.filter((link) => !existsSync(join(dirname(PAGE), link)));
}

describe('docs/architecture.md', () => {
  test('docs/architecture.md links only to files that exist', () => {
    expect(text.match(/\]\(\.\.\//g)?.length).toBeGreaterThan(20);
    expect(missingFiles(text)).toEqual([]);
  });

  test('mutant: the check of docs/architecture.md finds a link to a file that does not exist', () => {
    expect(missingFiles(text.replaceAll('../core/entity.ts', '../core/gone.ts'))).toEqual(['../core/gone.ts']);
  });

  test.each(QUESTIONS)('docs/architecture.md names the file to open first for: %s', (question) => {
    const row = text.split('\n').find((line) => line.startsWith(`| ${question} |`));
    expect(row).toMatch(/\]\(\.\.\/\S+\.ts\)/);
  });

  test('docs/architecture.md has a row for each folder at the top that holds code', () => {
    const folders = 'core adapters lambdas lib package local cli examples bin test bench'.split(' ');
    for (const folder of folders) expect(text).toMatch(new RegExp(`^\\| \`${folder}/`, 'm'));
  });
});
