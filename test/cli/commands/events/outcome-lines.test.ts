import { describe, expect, test } from 'vitest';
import { outcomesOf } from '../../../../cli/commands/events/outcome-lines.ts';

const parked = { outcome: 'parked', type: 'Item', id: 'a "b"\u001b[2J', version: 2, reason: 'invalid' };
const applied = {
  outcome: 'applied',
  type: 'Item',
  id: 'c',
  version: 3,
  leadTimeMs: 40,
  traceId: '5759e988bd862e3fe1be46a994272793',
};

const read = (line: string, selection = {}) => outcomesOf({ functionName: 'projector', atMs: 1_000, line }, selection);
const lineOf = (...outcomes: unknown[]) => JSON.stringify({ _aws: {}, service: 'lenient', outcomes });

describe('the outcomes of a log line', () => {
  test('each outcome has the time of its line, and its trace as X-Ray writes it', () => {
    expect(read(lineOf(parked, applied))).toEqual([
      { ...parked, atMs: 1_000, functionName: 'projector' },
      { ...applied, atMs: 1_000, functionName: 'projector', traceId: '1-5759e988-bd862e3fe1be46a994272793' },
    ]);
  });

  test('a line may have what Lambda puts before it', () => {
    const prefix = '2026-11-30T12:00:00.000Z\t5759e988-bd86-2e3f-e1be-46a994272793\tINFO\t';
    expect(read(prefix + lineOf(applied))).toHaveLength(1);
  });

  test('only selected outcomes are returned', () => {
    expect(read(lineOf(parked, applied), { outcomes: ['parked'] })).toMatchObject([{ id: parked.id }]);
  });

  test.each([
    ['no JSON', 'Runtime exited'],
    ['cut off', lineOf(parked).slice(0, -5)],
    ['without outcomes', '{"_aws":{}}'],
    ['with something else as outcomes', '{"outcomes":3}'],
    ['of a later version', lineOf({ ...parked, outcome: 'postponed' })],
  ])('a line that is %s has no outcomes', (_, line) => expect(read(line)).toEqual([]));

  test('an outcome with a reason of a later version is returned', () => {
    expect(read(lineOf({ ...parked, reason: 'new' }, { outcome: 'later' }))).toMatchObject([{ reason: 'new' }]);
  });
});
