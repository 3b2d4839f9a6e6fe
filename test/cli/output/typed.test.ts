import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { shellQuoted, startedBy, typed } from '../../../cli/output/typed.ts';

test.each([
  [undefined, 'npx freshet'],
  ['npm/10.8.2 node/v20.19.2 linux x64 workspaces/false', 'npx freshet'],
  ['pnpm/10.34.9 npm/? node/v20.19.2 linux x64', 'pnpm freshet'],
  ['yarn/1.22.22 npm/? node/v20.19.2 linux x64', 'yarn freshet'],
  ['bun/1.2.0', 'npx freshet'],
])('a hint for a command that %s started begins with %s', (userAgent, hint) => {
  expect(startedBy(userAgent)).toBe(hint);
});

test('a hint for a command on the same deployment has the options that named it', () => {
  const on = { stack: ['Geography', 'Ordering'], profile: 'night' };
  expect(typed('status', on)).toBe('npm run -s freshet -- status --stack Geography,Ordering --profile night');
  expect(typed('status')).toBe('npm run -s freshet -- status');
});

test.each([
  'FR',
  'a b',
  "it's",
  '$(id)',
  '`id`',
  'a"b',
  '\\',
  "\n'\t\u001b",
  '-rf',
  'Ünï',
  '',
])('the text %j is one word of the shell', (text) => {
  const printed = execFileSync('bash', ['-c', `printf %s ${shellQuoted(text)}`], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  });
  expect(printed).toBe(text);
});

test('an argument that begins with a dash follows two dashes, after the options', () => {
  const hint = typed('resync --wait', { stack: ['Geography'] }, ['Country', '-1']);
  expect(hint).toBe('npm run -s freshet -- resync --wait --stack Geography -- Country -1');
});
