import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const GUIDE = new URL('../../../docs/when-to-use.md', import.meta.url);

/**
 * Checks links such as [`code`](file#L3): line 3 of the file must contain the code.
 *
 * @returns the number of links to lines, and the broken ones
 */
function codeLinks(text: string): { readonly count: number; readonly broken: readonly string[] } {
  const links = [...text.matchAll(/\[([^\]`]*(?:`[^`]*`[^\]`]*)*)\]\(([^)#]+)#L(\d+)[^)]*\)/g)];
  const broken = links.flatMap(([, words = '', path = '', line = '']) => {
    const code = /^`(.+)`$/.exec(words)?.[1];
    const lines = readFileSync(fileURLToPath(new URL(path, GUIDE)), 'utf8').split('\n');
    return code !== undefined && lines[Number(line) - 1]?.includes(code) ? [] : [`${path}#L${line}: ${words}`];
  });
  return { count: links.length, broken };
}

test('every line of the example that the guide quotes is at its line number', () => {
  const text = readFileSync(GUIDE, 'utf8');
  const { count, broken } = codeLinks(text);
  expect(broken).toEqual([]);
  expect(count).toBe(text.match(/#L\d/g)?.length);
});

test.each([
  ['a line that has moved', '`deltas: true`'],
  ['a link without code', 'as deltas'],
])('mutant: the check of the guide finds %s', (_, words) => {
  const path = '../examples/shop/catalog/contracts.ts';
  const line =
    1 +
    readFileSync(new URL(path, GUIDE), 'utf8')
      .split('\n')
      .findIndex((text) => text.includes('owns: {'));
  const text = `[A page](../README.md), [\`owns: {\`](${path}#L${line}) and [${words}](${path}#L1).`;
  expect(codeLinks(text)).toEqual({ count: 2, broken: [`${path}#L1: ${words}`] });
});
