import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Style } from '../../../../cli/commands/init/added.ts';
import { entryLines, filesOf } from '../../../../cli/commands/init/templates.ts';
import { MAX_COMMANDS, typedCommands } from '../../../apps/first-service.ts';
import { root } from '../../../support/command-line.ts';

const PAGE = readFileSync(join(root, 'docs/first-service.md'), 'utf8');
const ADDED = { owner: 'geography', type: 'Country', cache: 'ordering' };
const STYLE: Style = { isCommonJs: true, extension: '', sources: 'lib' };

describe('docs/first-service.md', () => {
  test('the files by hand are those that freshet init writes', () => {
    const blocks = [...PAGE.matchAll(/^```ts\n\/\/ (\S+)\n([\s\S]*?)^```$/gm)].map(([, file, code]) => [file, code]);
    expect(Object.fromEntries(blocks)).toEqual(filesOf(ADDED, STYLE, 'jest'));
  });

  test('the lines of the entry by hand are those that freshet init adds', () => {
    const { imports, statements } = entryLines(ADDED, STYLE, '../lib', 'app');
    expect(PAGE).toContain(`\`\`\`js\n${imports.join('\n')}\n\n${statements.join('\n')}\n\`\`\``);
  });

  test('with freshet init, the first read takes at most ten commands', () => {
    const commands = typedCommands(PAGE);
    expect(commands.at(0)).toBe('mkdir shop && cd shop');
    expect(commands.at(-1)).toMatch(/^curl .*:PORT\/CH$/);
    expect(commands.length).toBeLessThanOrEqual(MAX_COMMANDS);
  });
});
