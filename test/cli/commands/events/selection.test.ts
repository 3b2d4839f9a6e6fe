import { describe, expect, test } from 'vitest';
import { isSelected, queryOf, type Selection } from '../../../../cli/commands/events/selection.ts';
import { messageGroupId } from '../../../../core/entity.ts';
import type { Outcome } from '../../../../core/outcome.ts';
import { type LoggedOutcome, loggedOutcome, OUTCOMES_PROPERTY } from '../../../../core/project/logged-outcome.ts';
import { parseLogQuery, runLogQuery } from '../../../../local/cloudwatch/log-queries.ts';

const ended = (id: string, outcome: Outcome = 'applied', type = 'Item') =>
  loggedOutcome('', { outcome, reason: undefined, entity: { type, id }, version: 1 });
const ofGroup = (group: string) => loggedOutcome(group, { outcome: 'parked', reason: 'malformed' });

/** Whether the query finds a line with these outcomes. */
function finds(selection: Selection, ...outcomes: LoggedOutcome[]): boolean {
  const query = parseLogQuery(queryOf(selection, 1));
  if (query === undefined) throw new Error(`not a query: ${queryOf(selection, 1)}`);
  const message = JSON.stringify({ service: 'lenient', [OUTCOMES_PROPERTY]: outcomes });
  return runLogQuery(query, [{ sequence: 1, timestampMs: 0, message }]).length > 0;
}

const hashed = messageGroupId({ type: 'Item', id: 'with a space' });

describe('the query for outcomes', () => {
  test('the query has one form, whatever is selected', () => {
    expect(queryOf({ type: 'Item', id: 'a"/b', outcomes: ['parked', 'held'] }, 20).split('\n')).toEqual([
      'fields @timestamp, @message',
      `| filter @message like /"outcome":"(parked|held)","type":"Item","id":"a.".b"/`,
      '| sort @timestamp desc',
      '| limit 20',
    ]);
  });

  test.each<[string, Selection, LoggedOutcome, boolean]>([
    ['all outcomes', {}, ended('a'), true],
    ['one outcome', { outcomes: ['parked'] }, ended('a', 'parked'), true],
    ['one outcome', { outcomes: ['parked'] }, ended('a'), false],
    ['several outcomes', { outcomes: ['held', 'applied'] }, ended('a'), true],
    ['a type', { type: 'Item' }, ended('a'), true],
    ['a type', { type: 'Item' }, ended('a', 'applied', 'Items'), false],
    ['a type', { type: 'Item' }, ofGroup(hashed), true],
    ['a type', { type: 'Item' }, ofGroup('Items#x'), false],
    ['a type and an outcome', { type: 'Item', outcomes: ['parked'] }, ended('a'), false],
    ['an entity', { type: 'Item', id: 'a' }, ended('a'), true],
    ['an entity', { type: 'Item', id: 'a' }, ended('ab'), false],
    ['an entity', { type: 'Item', id: 'a' }, ended('a', 'applied', 'Other'), false],
    ['an entity of a hashed group', { type: 'Item', id: 'with a space' }, ofGroup(hashed), true],
    ['an entity of a hashed group', { type: 'Item', id: 'with a spice' }, ofGroup(hashed), false],
    ['an entity and an outcome', { type: 'Item', id: 'a', outcomes: ['parked'] }, ended('a'), false],
  ])('a selection of %s, %j, of %j: %s', (_, selection, outcome, isWanted) => {
    expect(isSelected(selection, outcome)).toBe(isWanted);
    expect(finds(selection, ended('another', 'superseded', 'Thing'), outcome)).toBe(isWanted);
  });

  test('a line without outcomes is not found', () => {
    expect(finds({ outcomes: ['applied'] })).toBe(false);
  });

  test('an id that differs in punctuation only is found by the query, and then left out', () => {
    expect(finds({ type: 'Item', id: 'a/b' }, ended('a.b'))).toBe(true);
    expect(isSelected({ type: 'Item', id: 'a/b' }, ended('a.b'))).toBe(false);
  });
});
