import { describe, expect, test } from 'vitest';
import type { CacheOutcome } from '../../../../cli/commands/events/outcome-lines.ts';
import { createTable } from '../../../../cli/commands/events/table.ts';
import { MAX_VERSION } from '../../../../core/entity.ts';
import { OUTCOMES, POISON_REASONS } from '../../../../core/outcome.ts';

const applied: CacheOutcome = {
  atMs: Date.parse('2026-11-30T12:00:01.250Z'),
  functionName: 'projector',
  outcome: 'applied',
  type: 'Country',
  id: 'FR',
  version: 12,
  leadTimeMs: 840,
  traceId: '1-5759e988-bd862e3fe1be46a994272793',
};
const parked: CacheOutcome = {
  ...applied,
  outcome: 'parked',
  reason: 'malformed',
  version: undefined,
  leadTimeMs: undefined,
  traceId: undefined,
};

describe('the table of outcomes', () => {
  test('the table has the time, entity, version, outcome with its reason, lead time and trace id of each event', () => {
    expect(createTable(120)([applied, parked])).toEqual([
      'time (UTC)      entity      version  outcome            lead time  trace id',
      '11-30 12:00:01  Country/FR       12  applied               840 ms  1-5759e988-bd862e3fe1be46a994272793',
      '11-30 12:00:01  Country/FR        -  parked: malformed          -  -',
    ]);
  });

  test('in 80 columns, the trace id is shortened, and a long entity name too', () => {
    const [, line = ''] = createTable(80)([{ ...applied, id: 'a'.repeat(40) }]);
    expect(line).toMatch(/ {2}Country\/a+…a+ .* 1-57.*…\w+$/);
    expect(line.length).toBeLessThanOrEqual(80);
  });

  test('each outcome and reason fits into 80 columns, with any version up to a billion', () => {
    const reasons = [undefined, 'stopped', 'undelivered', ...POISON_REASONS];
    const all = OUTCOMES.flatMap((outcome) => reasons.map((reason) => ({ ...applied, outcome, reason })));
    const lines = createTable(80)([...all, { ...applied, version: 1e9 }]);
    expect(lines).toHaveLength(all.length + 2);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
    expect(lines[0]).not.toContain('trace id');
  });

  test('versions and outcomes are never shortened', () => {
    const [, line] = createTable(40)([{ ...applied, version: MAX_VERSION, reason: 'retries-exhausted' }]);
    expect(line).toContain(`${MAX_VERSION}  applied: retries-exhausted`);
  });

  test('further outcomes come without a head, and columns only grow', () => {
    const table = createTable(120);
    expect(table([])).toEqual([]);
    const [, wide = ''] = table([{ ...applied, id: 'LONGER' }]);
    const [more = ''] = table([applied]);
    expect(more.indexOf('applied')).toBe(wide.indexOf('applied'));
  });

  test('an event without an entity shows its message group, and control characters are escaped', () => {
    const unknown = { ...parked, type: undefined, id: undefined };
    const group = createTable(100)([{ ...unknown, group: 'Item#\u001b[2J' }]).join();
    expect(group).toContain(String.raw`Item#\u001b[2J`);
    const [, nameless, named] = createTable(120)([unknown, { ...applied, id: '\u009b2J', reason: '\u0007' }]);
    expect(nameless).toMatch(/^\S+ \S+ {2}- /);
    expect(named).toContain(String.raw`Country/\u009b2J`);
    expect(named).toContain(String.raw`applied: \u0007`);
  });
});
