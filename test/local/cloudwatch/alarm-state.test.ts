import { expect, test } from 'vitest';
import {
  type AlarmCondition,
  COMPARISONS,
  type Comparison,
  reasonOf,
  stateOf,
} from '../../../local/cloudwatch/alarm-state.ts';

const condition: AlarmCondition = {
  comparison: 'GreaterThanThreshold',
  threshold: 1,
  evaluationPeriods: 3,
  datapointsToAlarm: 3,
  missingData: 'missing',
};
/** AWS's notation of datapoints: 0 is within the threshold, X breaches it, - is missing. */
const read = (row: string) => row.split(' ').map((each) => ({ 0: 0, X: 2 })[each]);
const treatments = ['missing', 'ignore', 'breaching', 'notBreaching'] as const;

const I = 'INSUFFICIENT_DATA';
const RETAINED = undefined;

// Both tables are from AWS's page cw/alarms-and-missing-data.
test.each([
  ['0 - X - X', 'OK', 'OK', 'OK', 'OK'],
  ['0 - - - -', 'OK', 'OK', 'OK', 'OK'],
  ['- - - - -', I, RETAINED, 'ALARM', 'OK'],
  ['0 X X - X', 'ALARM', 'ALARM', 'ALARM', 'ALARM'],
  ['- - X - -', 'ALARM', RETAINED, 'ALARM', 'OK'],
  ['X - - - -', 'ALARM', RETAINED, 'ALARM', 'OK'],
  ['- - - - X', I, RETAINED, 'ALARM', 'OK'],
])('an alarm on 3 out of 3 datapoints %s is, with missing data as missing, ignore, breaching, notBreaching: %s, %s, %s, %s', (row, ...expected) => {
  expect(treatments.map((missingData) => stateOf(read(row), { ...condition, missingData }))).toEqual(expected);
});

test.each([
  ['0 - X - X', 'ALARM', 'ALARM', 'ALARM', 'ALARM'],
  ['0 0 X 0 X', 'ALARM', 'ALARM', 'ALARM', 'ALARM'],
  ['0 - X - -', 'OK', 'OK', 'ALARM', 'OK'],
  ['- - - - 0', 'OK', 'OK', 'ALARM', 'OK'],
  ['- - - X -', 'ALARM', RETAINED, 'ALARM', 'OK'],
  ['- - - - X', I, RETAINED, 'ALARM', 'OK'],
])('an alarm on 2 out of 3 datapoints %s is, with missing data as missing, ignore, breaching, notBreaching: %s, %s, %s, %s', (row, ...expected) => {
  const given = { ...condition, datapointsToAlarm: 2 };
  expect(treatments.map((missingData) => stateOf(read(row), { ...given, missingData }))).toEqual(expected);
});

test.each<[Comparison, readonly boolean[]]>([
  ['GreaterThanThreshold', [false, false, true]],
  ['GreaterThanOrEqualToThreshold', [false, true, true]],
  ['LessThanThreshold', [true, false, false]],
  ['LessThanOrEqualToThreshold', [true, true, false]],
])('%s compares the values 0, 1 and 2 with the threshold 1', (comparison, expected) => {
  expect([0, 1, 2].map((value) => COMPARISONS[comparison][1](value, 1))).toEqual(expected);
});

test('the reason of an alarm names the datapoints, latest first, the threshold and the missing datapoints', () => {
  const startMs = Date.parse('2026-11-23T00:00:00Z');
  const starts = [0, 1, 2].map((minute) => startMs + minute * 60_000);
  const given = { ...condition, datapointsToAlarm: 2, missingData: 'breaching' } as const;
  const reason = reasonOf([5, undefined, 7], starts, given, 'ALARM');
  expect(reason).toBe(
    'Threshold Crossed: 2 out of the last 2 datapoints [7 (2026-11-23T00:02:00.000Z), 5 (2026-11-23T00:00:00.000Z)] were greater than ' +
      'the threshold (1) (minimum 2 datapoints for a transition to ALARM). 1 missing datapoints were treated as [breaching].',
  );
});

test('the reason of an alarm without datapoints names the treatment of missing data', () => {
  const given = { ...condition, missingData: 'notBreaching' } as const;
  expect(reasonOf([undefined, undefined], [0, 60_000], given, 'OK')).toBe(
    'Threshold Crossed: no datapoints were received for 3 periods; they were treated as [notBreaching].',
  );
});
