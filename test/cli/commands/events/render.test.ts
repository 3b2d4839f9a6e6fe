import { describe, expect, test } from 'vitest';
import type { CacheOutcome } from '../../../../cli/commands/events/outcome-lines.ts';
import { documentOf, listOf, noOutcomes, nothingFound } from '../../../../cli/commands/events/render.ts';

const search = { selection: {}, limit: 2, sinceMs: 3_600_000, nowMs: Date.parse('2026-11-30T12:00:00Z') };
const parked: CacheOutcome = {
  atMs: search.nowMs,
  functionName: 'repair',
  outcome: 'parked',
  group: 'Item#x',
  reason: 'crashed',
};

describe('the text of freshet events', () => {
  test('the list ends with the number of outcomes, or says that there may be more', () => {
    const last = (count: number) => listOf(search, Array(count).fill(parked), 80).trimEnd().split('\n').at(-1);
    expect(last(1)).toBe('1 in the last 1h');
    expect(last(2)).toBe('the newest 2 in the last 1h; --limit shows more');
  });

  test.each([
    [{}, 'lenient: no event ended in the last 1h'],
    [{ type: 'Item' }, 'lenient: no event of Item ended in the last 1h'],
    [{ type: 'Item', id: '\u001b' }, String.raw`lenient: no event of Item/\u001b ended in the last 1h`],
    [{ outcomes: ['parked', 'held'] }, 'lenient: no event ended as parked or held in the last 1h'],
  ] as const)('if nothing of %j is found, the text names it and the time', (selection, text) => {
    expect(noOutcomes('lenient', { ...search, selection })).toBe(text);
  });

  test('the hint repeats the command with a longer time', () => {
    const selection = { type: 'Item', id: '-a b', outcomes: ['gap'] } as const;
    const hint = nothingFound('lenient', { ...search, selection }, { stack: ['Prod'] });
    expect(hint).toContain("events --since 1d --outcome gap --stack Prod -- lenient Item '-a b'\n");
    expect(nothingFound('lenient', { ...search, sinceMs: 86_400_000 }, {})).toContain('--since 14d');
  });

  test('the JSON has null for what is unknown, and no control characters', () => {
    const text = documentOf('lenient', search, [{ ...parked, group: 'x\u0007\u009b' }]);
    expect(text).not.toMatch(/[^\P{Cc}\n]/u);
    expect(JSON.parse(text)).toEqual({
      cache: 'lenient',
      since: '2026-11-30T11:00:00.000Z',
      events: [
        {
          time: '2026-11-30T12:00:00.000Z',
          type: null,
          id: null,
          group: 'x\u0007\u009b',
          version: null,
          outcome: 'parked',
          reason: 'crashed',
          leadTimeMs: null,
          traceId: null,
          function: 'repair',
        },
      ],
    });
  });

  test('a time before 1970 is searched as 1970', () => {
    expect(JSON.parse(documentOf('lenient', { ...search, sinceMs: 1e15 }, []))).toMatchObject({
      since: '1970-01-01T00:00:00.000Z',
    });
  });
});
