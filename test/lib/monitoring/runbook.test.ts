import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { backfillCommand } from '../../../cli/backfill/command.ts';
import { parkedCommand } from '../../../cli/parked/command.ts';
import { putCommand } from '../../../cli/put.ts';
import { reconcileCommand } from '../../../cli/reconcile/command.ts';
import { releaseCommand } from '../../../cli/release.ts';
import { resyncCommand } from '../../../cli/resync.ts';
import { statusCommand } from '../../../cli/status/command.ts';
import { watchCommand } from '../../../cli/watch/command.ts';
import { runbookProblems, SECTIONS } from '../../support/runbook.ts';
import { resourcesOf, shopTemplates } from '../../support/shop.ts';
import { watchedFactsAsIs } from '../../support/watched-facts.ts';

const URL_OF_RUNBOOK = 'docs/runbook.md';
const runbook = readFileSync(fileURLToPath(new URL(`../../../${URL_OF_RUNBOOK}`, import.meta.url)), 'utf8');
const templates = [shopTemplates().Monitoring, watchedFactsAsIs()];
const alarms = ['AWS::CloudWatch::Alarm', 'AWS::CloudWatch::CompositeAlarm'].flatMap((type) =>
  templates
    .flatMap((template) => resourcesOf(template, type))
    .map(([, { Properties }]) => ({
      name: String(Properties.AlarmName),
      description: String(Properties.AlarmDescription),
    })),
);

const problems = (text: string, some = alarms) => runbookProblems(some, text, URL_OF_RUNBOOK);

const COMMANDS: readonly Command[] = [
  ...[statusCommand(), watchCommand(), parkedCommand(), releaseCommand(), resyncCommand()],
  ...[backfillCommand(), reconcileCommand(), putCommand()],
];

/** What a text has somebody type of the command line, and what isn't a command or an option of it. */
function typed(markdown: string): { commands: string[]; unknown: string[] } {
  const commands = [...markdown.matchAll(/(?:^ *|`)(freshet [a-z][^`|\n]*)/gm)].map(([, command = '']) =>
    command.trim(),
  );
  const unknown = commands.filter((line) => {
    const [, name, ...words] = line.split(' ');
    const command = COMMANDS.find((one) => one.name() === name);
    const sub = command?.commands.find((one) => one.name() === words[0]);
    if (command === undefined || (command.commands.length > 0 && sub === undefined)) return true;
    const options = (sub ?? command).options.map(({ long }) => long);
    return words.some((word) => word.startsWith('--') && !options.includes(word));
  });
  return { commands, unknown };
}

/** The runbook without an entry. */
function without(kind: string): string {
  const start = runbook.indexOf(`## ${kind}\n`);
  const end = runbook.indexOf('\n## ', start);
  return runbook.slice(0, start) + (end < 0 ? '' : runbook.slice(end + 1));
}

describe('the runbook', () => {
  test('has an entry for each alarm of the shop, of facts and of sagas, with all its parts, and none that is no alarm', () => {
    expect(alarms.length).toBeGreaterThan(20);
    expect(problems(runbook)).toEqual([]);
  });

  test.each([
    'stalled',
    'writers-refused',
    'behind',
    'facts-parked',
    'effects-failed',
  ])('mutant: a missing entry %s is found', (kind) => {
    expect(problems(without(kind))).toContainEqual(
      expect.stringMatching(new RegExp(`-${kind}: the runbook has no entry "${kind}"`)),
    );
  });

  test.each<[string, string]>([
    [
      'an entry of no alarm',
      `${runbook}\n## made-up\n\n${SECTIONS.map((part) => `### ${part}\n\nText.\n`).join('\n')}`,
    ],
    ['an entry without resolution', runbook.replace('\n### Resolution\n', '\n### Afterthoughts\n')],
    ['an empty part', runbook.replace(/(### Investigation\n)[^#]*?(?=\n### Resolution)/, '$1')],
    ['a link to nowhere', `${runbook}\n[x](#nowhere)\n`],
  ])('mutant: %s is found', (_, text) => {
    expect(text).not.toBe(runbook);
    expect(problems(text)).toHaveLength(1);
  });

  test('has nobody type what the command line does not know', () => {
    const { commands, unknown } = typed(runbook);
    expect(commands.length).toBeGreaterThan(20);
    expect(unknown).toEqual([]);
  });

  test.each([
    'freshet mend',
    'freshet parked sweep ordering',
    'freshet resync Country FR --now',
  ])('mutant: %s is found', (line) => {
    expect(typed(`${runbook}\n${line}\n`).unknown).toEqual([line]);
  });

  test.each([
    ['no severity', 'Cache x is late. Runbook: docs/runbook.md#behind'],
    ['no sentence', '[page] Runbook: docs/runbook.md#behind'],
    ['two sentences', '[page] It is late. Very. Runbook: docs/runbook.md#behind'],
    ['no link', '[page] Cache x is late.'],
    ['another runbook', '[page] Cache x is late. Runbook: https://example.com/#behind'],
    ['the entry of another alarm', '[page] Cache x is late. Runbook: docs/runbook.md#stalled'],
  ])('mutant: an alarm with %s is found', (_, description) => {
    expect(problems(runbook, [...alarms, { name: 'Shop-x-behind', description }])).toHaveLength(1);
  });
});
