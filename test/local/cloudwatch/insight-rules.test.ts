import { expect, test } from 'vitest';
import { createInsightRules } from '../../../local/cloudwatch/insight-rules.ts';

const startMs = Date.parse('2026-11-23T00:00:00Z');
const hotGroups = {
  Schema: { Name: 'CloudWatchLogRule', Version: 1 },
  LogFormat: 'JSON',
  LogGroupNames: ['projector-logs'],
  Contribution: { Keys: ['$.hottestGroup'], ValueOf: '$.hottestGroupEvents' },
  AggregateOn: 'Sum',
};

function ruled(...bodies: object[]) {
  const clock = { ms: startMs };
  const rules = createInsightRules({ now: () => clock.ms, region: 'us-east-1', accountId: '000000000000' });
  for (const [index, body] of bodies.entries()) rules.add(`rule${index}`, JSON.stringify(body), true);
  const log = (event: object, group = 'projector-logs') => rules.record(group, JSON.stringify(event));
  const report = (max = 10, fromMs = startMs, toMs = startMs + 60_000) => rules.report('rule0', fromMs, toMs, max);
  return { clock, rules, log, report };
}

test('contributors are ranked by the sum of their values', () => {
  const { log, report } = ruled(hotGroups);
  log({ hottestGroup: 'a', hottestGroupEvents: 3 });
  log({ hottestGroup: 'b', hottestGroupEvents: 5 });
  log({ hottestGroup: 'a', hottestGroupEvents: '4' });
  log({ hottestGroup: 'c', hottestGroupEvents: 1 });
  expect(report(2)).toEqual({
    keyLabels: ['$.hottestGroup'],
    statistic: 'Sum',
    total: 13,
    contributorCount: 3,
    contributors: [
      { keys: ['a'], value: 7 },
      { keys: ['b'], value: 5 },
    ],
  });
});

test('lines without the fields, lines of other log groups and lines that are not JSON do not count', () => {
  const { log, rules, report } = ruled(hotGroups);
  log({ hottestGroup: 'a' });
  log({ hottestGroupEvents: 1 });
  log({ hottestGroup: 'a', hottestGroupEvents: 'many' });
  log({ hottestGroup: 'a', hottestGroupEvents: 1 }, 'relay-logs');
  rules.record('projector-logs', 'plain text with "hottestGroup"');
  rules.record('projector-logs', '{"hottestGroup":');
  expect(report().contributors).toEqual([]);
});

test('an insight report counts only lines that were logged in its time range', () => {
  const { log, clock, report } = ruled(hotGroups);
  for (const group of ['a', 'b', 'c']) {
    log({ hottestGroup: group, hottestGroupEvents: 1 });
    clock.ms += 60_000;
  }
  const second = report(10, startMs + 60_000, startMs + 120_000);
  expect(second.contributors).toEqual([{ keys: ['b'], value: 1 }]);
});

test('an insight rule can count events by several keys in all log groups with a prefix', () => {
  const Contribution = { Keys: ['$.a', '$.b.c'], Filters: [{ Match: '$.kind', In: ['x', 'y'] }] };
  const { log, report } = ruled({ ...hotGroups, LogGroupNames: ['proj*'], AggregateOn: 'Count', Contribution });
  for (const kind of ['x', 'y', 'z']) log({ a: 1, b: { c: true }, kind });
  expect(report()).toMatchObject({ statistic: 'SampleCount', contributors: [{ keys: ['1', 'true'], value: 2 }] });
});

test.each([
  [{ Match: '$.n', NotIn: ['5'] }, [3, 4]],
  [{ Match: '$.n', GreaterThan: 4 }, [5]],
  [{ Match: '$.n', LessThan: 4 }, [3]],
  [{ Match: '$.n', EqualTo: 4 }, [4]],
  [{ Match: '$.n', NotEqualTo: 4 }, [3, 5]],
  [{ Match: '$.s', StartsWith: ['t'] }, [3]],
  [{ Match: '$.s', IsPresent: false }, [5]],
])('the insight filter %j matches the values %j', (filter, expected) => {
  const Contribution = { Keys: ['$.n'], Filters: [filter] };
  const { log, report } = ruled({ ...hotGroups, AggregateOn: 'Count', Contribution });
  log({ n: 3, s: 'three' });
  log({ n: 4, s: 'four' });
  log({ n: 5 });
  expect(report().contributors.map(({ keys }) => Number(keys[0]))).toEqual(expected);
});

test('a large contributor is found among more contributors than can be kept', () => {
  const { log, report } = ruled(hotGroups);
  for (let index = 0; index < 5_000; index += 1) {
    log({ hottestGroup: `light-${index}`, hottestGroupEvents: 1 });
    log({ hottestGroup: 'heavy', hottestGroupEvents: 2 });
  }
  expect(report(1).contributors).toEqual([{ keys: ['heavy'], value: 10_000 }]);
  expect(report().contributorCount).toBeLessThanOrEqual(500);
});

test.each([
  [{ ...hotGroups, Schema: { Name: 'Other', Version: 1 } }, 'CloudWatchLogRule'],
  [{ ...hotGroups, LogFormat: 'CLF' }, 'JSON'],
  [{ ...hotGroups, Contribution: { Keys: ['$.a'] } }, 'needs ValueOf'],
  [{ ...hotGroups, Contribution: { ...hotGroups.Contribution, Keys: ['a'] } }, 'the field a is not supported'],
])('the insight rule %j is refused', (body, message) => {
  expect(() => ruled(body)).toThrow(message);
});

test('a report on an unknown insight rule is refused', () => {
  expect(() => ruled().report()).toThrow('There is no insight rule rule0');
});
