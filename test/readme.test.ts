import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const README = read('README.md');

/** What npm understands without a script of that name. */
const NPM_COMMANDS = ['ci', 'install', 'pack'];

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** The part of the text under a heading of level 2. */
function section(text: string, heading: string): string {
  return text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
}

/** What is wrong with the promises of a README and the tests that it names for them. */
function promiseProblems(readme: string): string[] {
  const promises = section(readme, 'What it promises');
  const rows = [...promises.matchAll(/^\| (.*?) ?\| `(test\/[^`]+)` › (.+) \|$/gm)];
  const backed = rows.map(([, promise = '']) => promise).filter((promise) => promise !== '');
  const made = [...promises.matchAll(/^- \*\*(.+?)\.?\*\*/gm)].map(([, promise = '']) => promise);
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

/** The scripts that a README names and package.json hasn't. */
function missingScripts(readme: string): string[] {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const run = [...readme.matchAll(/npm run (?:-s )?([\w:-]+)/g)];
  const short = [...readme.matchAll(/npm ([a-z]+)/g)].filter(
    ([, name = '']) => ![...NPM_COMMANDS, 'run'].includes(name),
  );
  return [...run, ...short].flatMap(([, name = '']) => (Object.hasOwn(scripts, name) ? [] : [name]));
}

describe('the README', () => {
  test('names a test that exists for each promise', () => {
    expect(promiseProblems(README)).toEqual([]);
  });

  test.each<[string, string, string, RegExp]>([
    ['a test of another name', 'versions grow by one', 'versions grow by two', /^no test of .*own\.prop\.ts is named/],
    [
      'a file that is not there',
      '`test/core/own/own.prop.ts`',
      '`test/core/own.gone.ts`',
      /^there is no test\/core\/own\.gone/,
    ],
    ['a promise without a test', '- **Never back.**', '- **Never late.**', /^no test backs "Never late"/],
  ])('mutant: %s is found', (_, text, planted, problem) => {
    expect(README).toContain(text);
    expect(promiseProblems(README.replace(text, planted))).toContainEqual(expect.stringMatching(problem));
  });

  test('names npm scripts that exist', () => {
    expect(missingScripts(README)).toEqual([]);
    expect(missingScripts('npm run nothing, npm run -s freshet, npm start, npm starts')).toEqual(['nothing', 'starts']);
  });
});
