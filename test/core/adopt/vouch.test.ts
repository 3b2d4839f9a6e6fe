import { describe, expect, test } from 'vitest';
import type { SurveyNote } from '../../../core/adopt/survey-note.ts';
import {
  type AdopterSeen,
  heartbeatAtMs,
  isOverdue,
  outages,
  type VouchNote,
  vouchedUntil,
} from '../../../core/adopt/vouch.ts';
import { entityRef, HEARTBEAT_ID, UNVOUCHED_MS } from '../../../core/entity.ts';
import { decide } from '../../../core/govern/decide.ts';
import { streamBacklog } from '../../../core/govern/measure.ts';
import { heartbeatState } from '../../../core/own/heartbeat.ts';
import { isLate, relayBatch } from '../../../core/relay/batch.ts';
import type { StreamChange } from '../../../core/relay/message.ts';
import { STREAM, TABLE, workshop } from '../../support/adopting.ts';
import { catalogue } from '../../support/boundaries.ts';
import { ports } from '../../support/relaying.ts';

const NOW_MS = 1_796_000_000_000;
const HOUR_MS = 3_600_000;
const table = { tableArn: TABLE, streamArn: STREAM };
const source = { ...table, epoch: 0 };
const running: AdopterSeen = {
  streamArn: STREAM,
  state: 'Enabled',
  lastResult: 'OK',
  reserved: undefined,
  delayMs: undefined,
};
const counts = { compared: 0, mended: 0, deleted: 0, refused: 0 };
const surveyed = (types: SurveyNote['types'], of: Partial<SurveyNote['source']> = {}): SurveyNote => {
  const startedAtMs = NOW_MS - 1_000;
  const last = { startedAtMs, endedAtMs: NOW_MS, types, source: { ...source, ...of } };
  return { seq: 1, startedAtMs, types, source, isFirst: true, reads: '#items', ...counts, last };
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
    ['a mapping of another stream', { streamArn: `${TABLE}/stream/2026-12-01T00:00:00.000` }, both, {}],
    ['a survey of another table', {}, surveyed(both.types, { tableArn: `${TABLE}-2` }), {}],
    ['a survey of an earlier stream', {}, surveyed(both.types, { streamArn: 'earlier' }), {}],
    ['a survey before a restore', {}, surveyed(both.types, { epoch: 1 }), {}],
    ['no survey yet', {}, undefined, {}],
    ['a survey of an earlier contract', {}, surveyed({ Part: 1, Lease: 2 }), { Part: NOW_MS - 10_000 }],
    ['a survey of fewer types', {}, surveyed({ Lease: 1 }), { Lease: NOW_MS - 10_000 }],
  ])('%s', (_, seen, survey, expected) => {
    expect(vouchedUntil(workshop, table, { ...running, ...seen }, survey, NOW_MS)).toEqual(expected);
  });

  test('after an outage in which changes may be lost, only a later survey vouches again', () => {
    const off = { ...running, state: 'Disabled' };
    const at = (seen: AdopterSeen, hours: number, before?: VouchNote) => {
      const atMs = NOW_MS + hours * HOUR_MS;
      return { seq: 1, atMs, untilMs: {}, ...outages(before, table, seen, atMs) };
    };
    const short = at(running, 21, at(off, 20, at(running, 0)));
    expect(short.lostAtMs).toBeUndefined();
    const long = at(running, 23, at(off, 22, at(off, 1, at(running, 0))));
    expect(long.lostAtMs).toBe(NOW_MS + 23 * HOUR_MS);
    expect(at(running, 24, long).lostAtMs).toBe(long.lostAtMs);
    expect(at({ ...running, delayMs: 23 * HOUR_MS }, 0, at(running, 0)).lostAtMs).toBe(NOW_MS);
    const until = (startedAtMs: number) => {
      const survey = { ...both, last: { ...both.last, startedAtMs } } as SurveyNote;
      return vouchedUntil(workshop, table, running, survey, NOW_MS + 24 * HOUR_MS, long.lostAtMs);
    };
    expect(until(NOW_MS)).toEqual({});
    expect(Object.keys(until(NOW_MS + 23 * HOUR_MS + 1))).toEqual(['Part', 'Lease']);
  });

  test.each([
    ['no survey yet', undefined, false],
    ['one that ended a day ago', { ...both, last: { ...both.last, endedAtMs: NOW_MS - 24 * HOUR_MS } }, false],
    ['one that ended three days ago', { ...both, last: { ...both.last, endedAtMs: NOW_MS - 72 * HOUR_MS } }, true],
    ['a first one that has run for three days', { ...both, last: undefined, startedAtMs: NOW_MS - 72 * HOUR_MS }, true],
  ])('a survey is overdue after %s: %o', (_, survey, expected) => {
    expect(isOverdue(survey as SurveyNote | undefined, 24 * HOUR_MS, NOW_MS)).toBe(expected);
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

describe('the governor of an owner that adopts a table', () => {
  test.each([
    ['vouches for a time before its commit', { Part: NOW_MS - 75_000 }],
    ['vouches for nothing', {}],
  ])('a heartbeat that %s is no backlog of the relay', async (_, untilMs) => {
    const beatMs = heartbeatAtMs(workshop, 'Part', { seq: 1, atMs: NOW_MS - 65_000, untilMs }, NOW_MS);
    const entity = entityRef('Part', HEARTBEAT_ID);
    const { json, digest } = heartbeatState(entity, NOW_MS);
    const changedAt = new Date(beatMs).toISOString();
    const owned = { entity, version: 2, digest, schemaVersion: 1, changedAt, stateJson: json };
    const changes: readonly StreamChange[] = [{ sequenceNumber: '1', kind: 'committed', owned }];
    const { oldestChangedAt = '' } = await relayBatch(workshop, changes, changedAt, ports().relay);
    const delayMs = NOW_MS + 1_000 - Date.parse(oldestChangedAt);
    expect(delayMs).toBe(1_000);
    expect(isLate(changes, NOW_MS + 1_000, 10)).toBe(false);
    const stream = streamBacklog({ delayMs, atMs: NOW_MS, rate: 1_000 }, NOW_MS + 30_000, 120_000);
    const settings = {
      maySlowOwner: { depot: { highWater: 60_000 } },
      reportLifeSeconds: 180,
      decisionLifeSeconds: 180,
    };
    const rates = { backlog: 0, productionRate: 1_000, consumptionRate: 1_000, oldestAgeSeconds: 0, drainSeconds: 0 };
    const report = { cache: 'depot', atMs: NOW_MS, ...rates, share: 1 };
    expect(decide(undefined, [report], stream, settings, NOW_MS + 30_000).state).toBe('normal');
  });
});
