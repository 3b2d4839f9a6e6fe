import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSelected, queryOf } from '../../../../cli/commands/events/selection.ts';
import { MAX_ID_BYTES, utf8Bytes } from '../../../../core/entity.ts';
import { loggedOutcome } from '../../../../core/project/logged-outcome.ts';
import { parseLogQuery } from '../../../../local/cloudwatch/log-queries.ts';
import { imitations, WORST_ID } from '../../../support/nasty-ids.ts';

/** Longest text of a query (AmazonCloudWatchLogs/latest/APIReference/API_StartQuery). */
const MAX_QUERY_LENGTH = 10_000;

const ended = (id: string) =>
  loggedOutcome('', { outcome: 'applied', reason: undefined, entity: { type: 'Item', id }, version: 1 });

/** What is wrong with the query for one of some entities; undefined for nothing. */
function problem(ids: readonly string[], queryFor: typeof queryOf): string | undefined {
  for (const id of ids) {
    const text = queryFor({ type: 'Item', id, outcomes: ['applied'] }, 20);
    const query = parseLogQuery(text);
    if (query?.limit !== 20 || text.length > MAX_QUERY_LENGTH || text.split('\n').length !== 4) return text;
    const line = JSON.stringify({ outcomes: [ended(id)] });
    if (!query.patterns.some((one) => one.test(line))) return `not found: ${JSON.stringify(id)}`;
    for (const other of ids) if (isSelected({ type: 'Item', id }, ended(other)) !== (id === other)) return other;
  }
  return undefined;
}

const property = (queryFor: typeof queryOf) =>
  fc.property(imitations, (ids) => {
    const allowed = [...ids, '/ | limit 1', '"/ or 1=1', '\\'].filter((id) => utf8Bytes(id) <= MAX_ID_BYTES);
    expect(problem([...new Set(allowed)], queryFor)).toBeUndefined();
  });

describe('an id in a query', () => {
  test('no id changes the form of the query, and the query finds each id', () => {
    fc.assert(property(queryOf), { numRuns: 50 });
  });

  test('the query for the longest id is not too long', () => {
    expect(problem([WORST_ID], queryOf)).toBeUndefined();
  });

  test('mutant: a query with the id as it is would be changed by some id', () => {
    const naive: typeof queryOf = ({ id }, limit) =>
      queryOf({}, limit).replace(/like .*/, () => `like /"id":${JSON.stringify(id)}/`);
    expect(() => fc.assert(property(naive), { numRuns: 50 })).toThrow();
  });
});
