import { describe, expect, test } from 'vitest';
import { checkSpan, fromOf, timeOf } from '../../../../cli/commands/replay/times.ts';

const NOW_MS = Date.parse('2026-11-30T12:00:00Z');
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

describe('a time of the command line', () => {
  test.each([
    ['2026-11-01T08:00:00Z', '2026-11-01T08:00:00.000Z'],
    ['2026-11-01T08:00:00.250Z', '2026-11-01T08:00:00.250Z'],
    ['2026-11-01T08:00+01:00', '2026-11-01T07:00:00.000Z'],
    ['2026-11-01', '2026-11-01T00:00:00.000Z'],
    ['2h', '2026-11-30T10:00:00.000Z'],
    ['30d', '2026-10-31T12:00:00.000Z'],
  ])('%s is %s', (given, iso) => {
    expect(new Date(timeOf('--to', NOW_MS)(given)).toISOString()).toBe(iso);
  });

  test.each([
    '',
    '2026-11-01T08:00:00',
    '2026-13-01',
    '08:00',
    '5',
    '2 h',
    'beginning',
  ])('"%s" is refused with what is allowed', (given) => {
    expect(() => timeOf('--to')(given)).toThrow(/^--to: not a time: .*Allowed: a time with its zone.*2h or 30d/);
  });

  test('only --from takes the word beginning', () => {
    expect(fromOf('beginning')).toBe('beginning');
  });
});

describe('a span of time', () => {
  const archives = [{ boundary: 'sales', beginningMs: NOW_MS - 30 * DAY_MS }];
  const check = (from: number | 'beginning', to?: number) => () => checkSpan({ from, to }, archives, NOW_MS);

  test('within the archive is allowed, and one that begins with it, although the archive moves on', () => {
    expect(check(NOW_MS - DAY_MS)).not.toThrow();
    expect(check(NOW_MS - DAY_MS, NOW_MS - HOUR_MS)).not.toThrow();
    expect(check(NOW_MS - 30 * DAY_MS - 1_000)).not.toThrow();
    expect(check('beginning')).not.toThrow();
  });

  test('before the archive is refused with the beginning of the archive', () => {
    expect(check(NOW_MS - 31 * DAY_MS)).toThrow(
      '--from: 2026-10-30T12:00:00.000Z is before the archive of sales. Allowed: 2026-10-31T12:00:00.000Z or later',
    );
  });

  test('without an archive is refused with how to get one', () => {
    const without = () => checkSpan({ from: 'beginning' }, [{ boundary: 'billing', beginningMs: undefined }], NOW_MS);
    expect(without).toThrow(/the topic of billing has no archive.*Set archiveDays on its FactTopic.*pass --of/);
  });
});
