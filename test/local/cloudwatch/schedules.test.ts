import { expect, test } from 'vitest';
import { createSchedules, readRate } from '../../../local/cloudwatch/schedules.ts';
import type { InvokeResult } from '../../../local/lambda/invoke-result.ts';

/** Schedules whose timers the test fires. */
function scheduled(minuteMs = 60_000) {
  const timers: { ms: number; callback: () => void; ended: boolean }[] = [];
  const invoked: { name: string; event: unknown }[] = [];
  const failures: string[] = [];
  const answers: ((result: InvokeResult) => void)[] = [];
  const schedules = createSchedules({
    region: 'us-east-1',
    accountId: '000000000000',
    now: () => Date.parse('2026-11-23T00:00:00.123Z'),
    minuteMs,
    invoke(name, event) {
      if (name === 'none') throw new Error('there is no function none');
      invoked.push({ name, event });
      return new Promise((resolve) => answers.push(resolve));
    },
    onFailure: (name, reason) => failures.push(`${name} ${reason}`),
    every(ms, callback) {
      const timer = { ms, callback, ended: false };
      timers.push(timer);
      return () => {
        timer.ended = true;
      };
    },
  });
  const answer = (result: InvokeResult = { ok: true, payload: null }) => {
    for (const resolve of answers.splice(0)) resolve(result);
  };
  return { schedules, timers, invoked, failures, answer };
}

const rule = { name: 'beat', everyMinutes: 5, enabled: true, targets: [{ functionName: 'heartbeat' }] };

test.each([
  ['rate(1 minute)', 1],
  ['rate(5 minutes)', 5],
  ['rate(1 hour)', 60],
  ['rate(2 days)', 2880],
])('the schedule %s means every %d minutes', (expression, minutes) => {
  expect(readRate(expression)).toBe(minutes);
});

test.each([
  'rate(1 minutes)',
  'rate(5 minute)',
  'rate(0 minutes)',
  'rate(1.5 hours)',
  'rate(1 week)',
  '',
  'at(now)',
])('the schedule %j is refused', (expression) => {
  expect(() => readRate(expression)).toThrow('is invalid');
});

test('a cron schedule is refused as not emulated', () => {
  expect(() => readRate('cron(0 12 * * ? *)')).toThrow('cron(0 12 * * ? *) is not emulated. Emulated: rate(...)');
});

test('a scheduled rule first fires after one period, and fires again even if its previous run has not ended', () => {
  const { schedules, timers, invoked } = scheduled();
  schedules.add(rule);
  expect(timers).toEqual([]);
  schedules.start();
  expect(timers.map(({ ms }) => ms)).toEqual([300_000]);
  expect(invoked).toEqual([]);
  timers[0]?.callback();
  timers[0]?.callback();
  expect(invoked).toHaveLength(2);
  expect(invoked[0]).toEqual({
    name: 'heartbeat',
    event: {
      version: '0',
      id: expect.any(String),
      'detail-type': 'Scheduled Event',
      source: 'aws.events',
      account: '000000000000',
      time: '2026-11-23T00:00:00Z',
      region: 'us-east-1',
      resources: ['arn:aws:events:us-east-1:000000000000:rule/beat'],
      detail: {},
    },
  });
});

test('a rule that also matches the event of its deployed stack fires with that event at the start', () => {
  const { schedules, timers, invoked } = scheduled();
  const deployed = { stack: 'Orders', event: { source: 'aws.cloudformation' } };
  schedules.add({ ...rule, deployed });
  schedules.add({ ...rule, name: 'off', enabled: false, deployed });
  schedules.start();
  expect(invoked).toEqual([{ name: 'heartbeat', event: deployed.event }]);
  expect(timers).toHaveLength(1);
});

test('a rule that is added later fires once its stack is deployed, and rules of other stacks do not', () => {
  const { schedules, timers, invoked } = scheduled();
  schedules.start();
  const event = { source: 'aws.cloudformation' };
  schedules.add({ ...rule, deployed: { stack: 'Orders', event } });
  schedules.add({ ...rule, name: 'other', deployed: { stack: 'Others', event: {} } });
  expect(timers).toHaveLength(2);
  expect(invoked).toEqual([]);
  schedules.deployed(['Orders']);
  expect(invoked).toEqual([{ name: 'heartbeat', event }]);
});

test('schedules use the configured length of a minute, skip disabled rules, and end with a stop', () => {
  const { schedules, timers } = scheduled(1000);
  schedules.add(rule);
  schedules.add({ ...rule, name: 'off', enabled: false });
  schedules.start();
  expect(timers).toMatchObject([{ ms: 5000, ended: false }]);
  schedules.stop();
  expect(timers).toMatchObject([{ ended: true }]);
});

test('a scheduled rule with a period that is too long for a timer never fires', () => {
  const { schedules, timers } = scheduled();
  schedules.add({ ...rule, everyMinutes: 30 * 24 * 60 });
  schedules.start();
  expect(timers).toEqual([]);
});

test('a rule, a function or all rules can be run at once, and their functions are awaited', async () => {
  const { schedules, invoked, answer } = scheduled();
  schedules.add({
    ...rule,
    targets: [{ functionName: 'heartbeat', input: { operation: 'x' } }, { functionName: 'other' }],
  });
  schedules.add({ ...rule, name: 'off', enabled: false });
  const run = async (running: Promise<void>) => {
    answer();
    await running;
    return invoked.splice(0).map(({ name }) => name);
  };
  const byRule = schedules.runNow('beat');
  expect(invoked[0]?.event).toEqual({ operation: 'x' });
  expect(await run(byRule)).toEqual(['heartbeat', 'other']);
  expect(await run(schedules.runNow('other'))).toEqual(['other']);
  expect(await run(schedules.runAll())).toEqual(['heartbeat', 'other']);
  await expect(schedules.runNow('nobody')).rejects.toThrow('no rule nobody');
});

test('only the failed runs of a schedule are reported', async () => {
  const { schedules, failures, answer } = scheduled();
  schedules.add(rule);
  schedules.add({ ...rule, name: 'broken', targets: [{ functionName: 'none' }] });
  const running = schedules.runAll();
  answer({ ok: false, error: 'TimedOut', message: 'after 3 s' });
  await running;
  expect(failures.sort()).toEqual([
    'heartbeat [schedule beat] TimedOut: after 3 s',
    'none [schedule broken] Error: there is no function none',
  ]);
});
