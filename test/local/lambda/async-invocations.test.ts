import { describe, expect, it } from 'vitest';
import { type AsyncConfiguration, createAsyncInvocations } from '../../../local/lambda/async-invocations.ts';
import type { InvokeResult } from '../../../local/lambda/invoke-result.ts';

const MINUTE = 60_000;
const SUCCESS: InvokeResult = { ok: true, payload: null };
const ERROR: InvokeResult = { ok: false, error: 'Unhandled', message: 'Error: broken' };
const THROTTLED: InvokeResult = { ok: false, error: 'Throttled', message: 'Rate Exceeded' };

/** Invokes a function asynchronously. Returns the minutes of its invocations after the first, and what is discarded. */
async function run(results: (at: number) => InvokeResult, configuration?: AsyncConfiguration) {
  const minutes: number[] = [];
  const discarded: string[] = [];
  let nowMs = 0;
  let timer: { callback: () => void; atMs: number } | undefined;
  const invocations = createAsyncInvocations({
    minuteMs: MINUTE,
    now: () => nowMs,
    async invoke() {
      minutes.push(nowMs / MINUTE);
      return results(minutes.length - 1);
    },
    onDiscard: (_, reason) => discarded.push(reason),
    setTimer(callback, delayMs) {
      timer = { callback, atMs: nowMs + delayMs };
      return () => {};
    },
  });
  if (configuration) invocations.configure('fn', configuration);
  const first = await invocations.invoke('fn', {});
  while (timer !== undefined) {
    const { callback, atMs } = timer;
    [timer, nowMs] = [undefined, atMs];
    callback();
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  }
  return { first, minutes, discarded };
}

describe('asynchronous invocations · lam/invocation-async-error-handling', () => {
  it('a failed asynchronous invocation is retried after one minute and after two more minutes by default', async () => {
    const { first, minutes, discarded } = await run(() => ERROR);
    expect([first, minutes]).toEqual([ERROR, [0, 1, 3]]);
    expect(discarded).toEqual(['the function failed 3 times: Error: broken']);
  });

  it('an asynchronous invocation is not retried after it has succeeded', async () => {
    expect((await run(() => SUCCESS)).minutes).toEqual([0]);
    expect((await run((at) => (at === 0 ? ERROR : SUCCESS))).minutes).toEqual([0, 1]);
  });

  it.each([
    [0, [0]],
    [1, [0, 1]],
    [2, [0, 1, 3]],
  ])('with MaximumRetryAttempts %i, a failing function is invoked at the minutes %j', async (given, expected) => {
    expect((await run(() => ERROR, { maximumRetryAttempts: given })).minutes).toEqual(expected);
  });

  it('a throttled asynchronous invocation is retried for six hours, first after a second and at most each 5 minutes', async () => {
    const { minutes, discarded } = await run(() => THROTTLED, { maximumRetryAttempts: 0 });
    const seconds = minutes.map((minute) => Math.round(minute * 60));
    expect(seconds.slice(0, 5)).toEqual([0, 1, 3, 7, 15]);
    expect((seconds.at(-1) ?? 0) - (seconds.at(-2) ?? 0)).toBe(300);
    expect(seconds.at(-1)).toBeGreaterThan(21_600 - 300);
    expect(discarded).toEqual(['the event is older than its maximum age']);
  });

  it('an event that is older than MaximumEventAgeInSeconds is discarded', async () => {
    const { minutes } = await run(() => THROTTLED, { maximumEventAgeSeconds: 60 });
    expect(minutes.map((minute) => Math.round(minute * 60))).toEqual([0, 1, 3, 7, 15, 31]);
  });

  it.each([
    ['MaximumRetryAttempts', { maximumRetryAttempts: 3 }, '0 to 2. Given: 3'],
    ['MaximumRetryAttempts', { maximumRetryAttempts: -1 }, '0 to 2. Given: -1'],
    ['MaximumEventAgeInSeconds', { maximumEventAgeSeconds: 59 }, '60 to 21600. Given: 59'],
    ['MaximumEventAgeInSeconds', { maximumEventAgeSeconds: 21_601 }, '60 to 21600. Given: 21601'],
  ])('%s is refused as %j · lambda/API_PutFunctionEventInvokeConfig', async (name, configuration, expected) => {
    await expect(run(() => SUCCESS, configuration)).rejects.toThrow(`${name} must be an integer from ${expected}.`);
  });
});
