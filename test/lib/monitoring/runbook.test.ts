import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { runbookProblems, SECTIONS } from '../../support/runbook.ts';
import { resourcesOf, shopTemplates } from '../../support/shop.ts';

const URL_OF_RUNBOOK = 'docs/runbook.md';
const runbook = readFileSync(fileURLToPath(new URL(`../../../${URL_OF_RUNBOOK}`, import.meta.url)), 'utf8');
const { Monitoring } = shopTemplates();
const alarms = ['AWS::CloudWatch::Alarm', 'AWS::CloudWatch::CompositeAlarm'].flatMap((type) =>
  resourcesOf(Monitoring, type).map(([, { Properties }]) => ({
    name: String(Properties.AlarmName),
    description: String(Properties.AlarmDescription),
  })),
);

const problems = (text: string, some = alarms) => runbookProblems(some, text, URL_OF_RUNBOOK);

/** The runbook without an entry. */
function without(kind: string): string {
  const start = runbook.indexOf(`## ${kind}\n`);
  const end = runbook.indexOf('\n## ', start);
  return runbook.slice(0, start) + (end < 0 ? '' : runbook.slice(end + 1));
}

describe('the runbook', () => {
  test('has an entry for each alarm of the shop, with all its parts, and none that is no alarm', () => {
    expect(alarms.length).toBeGreaterThan(20);
    expect(problems(runbook)).toEqual([]);
  });

  test.each(['stalled', 'writers-refused', 'behind'])('mutant: a missing entry %s is found', (kind) => {
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
