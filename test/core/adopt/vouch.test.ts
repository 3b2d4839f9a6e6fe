import { describe, expect, test } from 'vitest';
import type { SurveyNote } from '../../../core/adopt/survey.ts';
import { type AdopterSeen, heartbeatAtMs, vouchedUntil } from '../../../core/adopt/vouch.ts';
import { UNVOUCHED_MS } from '../../../core/entity.ts';
import { workshop } from '../../support/adopting.ts';
import { catalogue } from '../../support/boundaries.ts';

const NOW_MS = 1_796_000_000_000;
const running: AdopterSeen = { state: 'Enabled', lastResult: 'OK', reserved: undefined, delayMs: undefined };
const counts = { compared: 0, mended: 0, deleted: 0, refused: 0 };
const surveyed = (types: SurveyNote['types']): SurveyNote => {
  const startedAtMs = NOW_MS - 1_000;
  const last = { startedAtMs, endedAtMs: NOW_MS, types };
  return { seq: 1, startedAtMs, types, isFirst: true, reads: '#items', ...counts, last };
};
const both = surveyed({ Part: 1, Lease: 1 });

describe('up to when copies are vouched for', () => {
  test.each<[string, Partial<AdopterSeen>, SurveyNote | undefined, object]>([
    ['an adopter without changes', {}, both, { Part: NOW_MS - 10_000, Lease: NOW_MS - 10_000 }],
    ['a new mapping', { lastResult: 'No records processed' }, both, { Part: NOW_MS - 10_000, Lease: NOW_MS - 10_000 }],
    ['an adopter that lags', { delayMs: 60_000 }, both, { Part: NOW_MS - 70_000, Lease: NOW_MS - 70_000 }],
    ['a disabled mapping', { state: 'Disabled' }, both, {}],
    ['a stopped function', { reserved: 0 }, both, {}],
    ['a failing function', { lastResult: 'PROBLEM: Function call failed' }, both, {}],
    ['no survey yet', {}, undefined, {}],
    ['a survey of an earlier contract', {}, surveyed({ Part: 1, Lease: 2 }), { Part: NOW_MS - 10_000 }],
    ['a survey of fewer types', {}, surveyed({ Lease: 1 }), { Lease: NOW_MS - 10_000 }],
  ])('%s', (_, seen, survey, expected) => {
    expect(vouchedUntil(workshop, { ...running, ...seen }, survey, NOW_MS)).toEqual(expected);
  });

  test('a heartbeat vouches for the noted time, and for nothing without a recent note', () => {
    const note = { seq: 1, atMs: NOW_MS - 60_000, untilMs: { Part: NOW_MS - 70_000 } };
    expect(heartbeatAtMs(workshop, 'Part', note, NOW_MS)).toBe(NOW_MS - 70_000);
    expect(heartbeatAtMs(workshop, 'Lease', note, NOW_MS)).toBe(UNVOUCHED_MS);
    expect(heartbeatAtMs(workshop, 'Part', undefined, NOW_MS)).toBe(UNVOUCHED_MS);
    expect(heartbeatAtMs(workshop, 'Part', note, NOW_MS + 600_000)).toBe(UNVOUCHED_MS);
    expect(heartbeatAtMs(catalogue, 'Product', undefined, NOW_MS)).toBe(NOW_MS);
  });
});
