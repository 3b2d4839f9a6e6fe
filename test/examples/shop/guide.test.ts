import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const GUIDE = new URL('../../../docs/when-to-use.md', import.meta.url);

/** What a text links as code and the linked line doesn't say. @returns how many links were looked at, and the broken ones */
function codeLinks(text: string): { readonly count: number; readonly broken: readonly string[] } {
  const links = [...text.matchAll(/\[`([^`]+)`\]\(([^)#]+)#L(\d+)\)/g)];
  const broken = links.flatMap(([, code = '', path = '', line = '']) => {
    const lines = readFileSync(fileURLToPath(new URL(path, GUIDE)), 'utf8').split('\n');
    return lines[Number(line) - 1]?.includes(code) ? [] : [`${path}#L${line}: ${code}`];
  });
  return { count: links.length, broken };
}

test('each line of the example that the guide quotes is where it says', () => {
  const { count, broken } = codeLinks(readFileSync(GUIDE, 'utf8'));
  expect(broken).toEqual([]);
  expect(count).toBeGreaterThan(15);
});

test('mutant: a line that has moved is found', () => {
  const path = '../examples/shop/catalog/contracts.ts';
  expect(codeLinks(`[\`deltas: true\`](${path}#L1)`).broken).toEqual([`${path}#L1: deltas: true`]);
});
