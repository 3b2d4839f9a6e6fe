import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { moduleErrors, modulesOf } from './code-blocks.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The code of this page is what `freshet init` writes (test/cli/commands/init); test:apps compiles and runs it. */
const COMPILED_ELSEWHERE = 'first-service.md';

const PAGES = [
  'README.md',
  'cli/README.md',
  'local/README.md',
  'examples/shop/README.md',
  ...readdirSync(join(ROOT, 'docs')).flatMap((name) =>
    name.endsWith('.md') && name !== COMPILED_ELSEWHERE ? [`docs/${name}`] : [],
  ),
].map((page) => ({ page, text: readFileSync(join(ROOT, page), 'utf8') }));

/** A page with a mistake in line 16, one in a module that another block imports in line 8, and a run that fails. */
const PLANTED = `# Planted

\`\`\`ts
// one.ts
export const floor = 1;

// two.ts
export const name: string = 2;
\`\`\`

1. Read it:

   <!-- continues reading.ts -->
   \`\`\`ts
   import { floor } from './one.ts';
   await reader.get('Contry', String(floor));
   \`\`\`

\`\`\`ts
import { floor } from './one.ts';
if (floor === 1) throw new Error('no such floor');
\`\`\`
`;

describe('TypeScript in the documentation', () => {
  test('all TypeScript in README, docs and package READMEs compiles or runs, and planted mistakes are found', async () => {
    const modules = PAGES.flatMap(({ page, text }) => modulesOf(page, text));
    const errors = await moduleErrors([...modules, ...modulesOf('docs/planted.md', PLANTED)]);
    expect(errors).toEqual([
      expect.stringMatching(/^docs\/planted\.md:16: error TS2345: .*"Contry"/),
      expect.stringMatching(/^docs\/planted\.md:8: error TS2322: /),
      expect.stringMatching(/^docs-planted\.md\/line-20\.ts: (?:.|\n)*no such floor/),
    ]);
    // What a change of the pages or of NEEDS_MORE may not lose.
    expect(modules.filter(({ isRun }) => isRun).length).toBeGreaterThanOrEqual(25);
  }, 240_000);

  test('no block of TypeScript is overlooked', () => {
    const found = PAGES.flatMap(({ page, text }) =>
      modulesOf(page, text).map(({ firstLine }) => `${page}:${firstLine}`),
    );
    const fence = /^ *(?:```|~~~) *(?:[cm]?tsx?|typescript)\b/i;
    const blocks = PAGES.flatMap(({ page, text }) =>
      text.split('\n').flatMap((line, at) => (fence.test(line) ? [`${page}:${at + 2}`] : [])),
    );
    expect(blocks.filter((block) => !found.includes(block))).toEqual([]);
    expect(blocks.length).toBeGreaterThan(10);
  });
});
