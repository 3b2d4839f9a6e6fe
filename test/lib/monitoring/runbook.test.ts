import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { loadCommands } from '../../../cli/main.ts';
import { RUNBOOK_URL } from '../../../lib/monitoring/monitoring-props.ts';
import { commandIo } from '../../support/command-io.ts';
import { runbookProblems, SECTIONS } from '../../support/runbook.ts';
import { resourcesOf, shopTemplates } from '../../support/shop.ts';
import { watchedAdopting } from '../../support/watched-adopting.ts';
import { watchedFactsAsIs } from '../../support/watched-facts.ts';
import { watchedPostgres } from '../../support/watched-postgres.ts';

const runbook = readFileSync(fileURLToPath(new URL('../../../docs/runbook.md', import.meta.url)), 'utf8');
const templates = [shopTemplates().Monitoring, watchedFactsAsIs(), watchedAdopting(), watchedPostgres()];
const alarms = ['AWS::CloudWatch::Alarm', 'AWS::CloudWatch::CompositeAlarm'].flatMap((type) =>
  templates
    .flatMap((template) => resourcesOf(template, type))
    .map(([, { Properties }]) => ({
      name: String(Properties.AlarmName),
      description: String(Properties.AlarmDescription),
    })),
);

const problems = (text: string, some = alarms) => runbookProblems(some, text, RUNBOOK_URL);

const COMMANDS = await loadCommands(commandIo());

/** The `freshet` commands in a text, and those that the command line doesn't have. */
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

/** The runbook without one entry. */
function without(kind: string): string {
  const start = runbook.indexOf(`## ${kind}\n`);
  const end = runbook.indexOf('\n## ', start);
  return runbook.slice(0, start) + (end < 0 ? '' : runbook.slice(end + 1));
}

describe('the runbook', () => {
  test('the runbook has a complete entry for each alarm and no other entries', () => {
    expect(alarms.length).toBeGreaterThan(20);
    expect(problems(runbook)).toEqual([]);
  });

  test.each([
    'stalled',
    'writers-refused',
    'behind',
    'facts-parked',
    'effects-failed',
  ])('mutant: the check finds that the runbook lacks the entry %s', (kind) => {
    expect(problems(without(kind))).toContainEqual(
      expect.stringMatching(new RegExp(`-${kind}: the runbook has no entry "${kind}"`)),
    );
  });

  test.each<[string, string]>([
    [
      'an entry that belongs to no alarm',
      `${runbook}\n## made-up\n\n${SECTIONS.map((part) => `### ${part}\n\nText.\n`).join('\n')}`,
    ],
    ['an entry without a resolution', runbook.replace('\n### Resolution\n', '\n### Afterthoughts\n')],
    ['an empty section', runbook.replace(/(### Investigation\n)[^#]*?(?=\n### Resolution)/, '$1')],
    ['a link to a missing entry', `${runbook}\n[x](#nowhere)\n`],
  ])('mutant: the check of the runbook finds %s', (_, text) => {
    expect(text).not.toBe(runbook);
    expect(problems(text)).toHaveLength(1);
  });

  test('the runbook contains only commands and options that the command line has', () => {
    const { commands, unknown } = typed(runbook);
    expect(commands.length).toBeGreaterThan(20);
    expect(unknown).toEqual([]);
  });

  test.each([
    'freshet mend',
    'freshet parked sweep ordering',
    'freshet resync Country FR --now',
  ])('mutant: the check of commands finds the unknown command or option in "%s"', (line) => {
    expect(typed(`${runbook}\n${line}\n`).unknown).toEqual([line]);
  });

  test.each([
    ['no severity', `Cache x is late. Runbook: ${RUNBOOK_URL}#behind`],
    ['no sentence', `[page] Runbook: ${RUNBOOK_URL}#behind`],
    ['two sentences', `[page] It is late. Very. Runbook: ${RUNBOOK_URL}#behind`],
    ['no link', '[page] Cache x is late.'],
    ['a link to another runbook', '[page] Cache x is late. Runbook: https://example.com/#behind'],
    ['a link to the entry of another alarm', `[page] Cache x is late. Runbook: ${RUNBOOK_URL}#stalled`],
  ])('mutant: the check finds an alarm description with %s', (_, description) => {
    expect(problems(runbook, [...alarms, { name: 'Shop-x-behind', description }])).toHaveLength(1);
  });
});
