import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const README = read('README.md');
const PROOF = read('docs/proof.md');
const COMMANDS = read('docs/commands.md');

/** Commands of npm itself, which need no script of that name. */
const NPM_COMMANDS = ['ci', 'install', 'pack'];

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Problems with the promises of a page and with its table of tests. */
function promiseProblems(page: string): string[] {
  const rows = [...page.matchAll(/^\| (.*?) ?\| `(test\/[^`]+)` › (.+) \|$/gm)];
  const backed = rows.map(([, promise = '']) => promise).filter((promise) => promise !== '');
  const made = [...page.matchAll(/^- \*\*(.+?)\.?\*\*/gm)].map(([, promise = '']) => promise);
  return [
    ...(made.length === 0 ? ['no promise is made'] : []),
    ...made.filter((promise) => !backed.includes(promise)).map((promise) => `no test backs "${promise}"`),
    ...backed.filter((promise) => !made.includes(promise)).map((promise) => `nobody promises "${promise}"`),
    ...rows.flatMap(([, , file = '', name = '']) => {
      if (!existsSync(join(ROOT, file))) return [`there is no ${file}`];
      const named = ["'", '"', '`'].some((quote) => read(file).includes(`test(${quote}${name}${quote}, `));
      return named ? [] : [`no test of ${file} is named "${name}"`];
    }),
  ];
}

/** The npm scripts that the code in a page names and package.json doesn't have. */
function missingScripts(page: string): string[] {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const code = [...page.matchAll(/```[^`]*```|`[^`]+`/g)].join('\n');
  const run = [...code.matchAll(/npm run (?:-s )?([\w:-]+)/g)];
  const short = [...code.matchAll(/npm ([a-z]+)/g)].filter(([, name = '']) => ![...NPM_COMMANDS, 'run'].includes(name));
  return [...run, ...short].flatMap(([, name = '']) => (Object.hasOwn(scripts, name) ? [] : [name]));
}

describe('docs/proof.md', () => {
  test('docs/proof.md names an existing test for each promise', () => {
    expect(promiseProblems(PROOF)).toEqual([]);
  });

  test.each<[string, string, string, RegExp]>([
    ['a test that has another name', '` › ', '` › not ', /^no test of test\/\S+ is named "not /],
    ['a file that does not exist', '| `test/', '| `test/gone/', /^there is no test\/gone\//],
    ['a promise without a test', '- **Single owner.**', '- **Late owner.**', /^no test backs "Late owner"/],
    ['a test without a promise', '- **Single owner.**', '- **Late owner.**', /^nobody promises "Single owner"/],
  ])('mutant: the check of docs/proof.md finds %s', (_, text, planted, problem) => {
    expect(PROOF).toContain(text);
    expect(promiseProblems(PROOF.replace(text, planted))).toContainEqual(expect.stringMatching(problem));
  });
});

describe('npm scripts in the documentation', () => {
  test.each([
    ['README.md', README],
    ['docs/commands.md', COMMANDS],
  ])('%s names only npm scripts that exist', (_, page) => {
    expect(missingScripts(page)).toEqual([]);
  });

  test('mutant: the check of npm scripts finds scripts that do not exist', () => {
    expect(
      missingScripts('The npm registry: `npm run nothing`, `npm run -s freshet`, `npm start`, `npm starts`'),
    ).toEqual(['nothing', 'starts']);
  });
});
