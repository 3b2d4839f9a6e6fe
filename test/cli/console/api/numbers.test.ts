import { expect, test } from 'vitest';
import { createNumbersRead } from '../../../../cli/console/api/numbers.ts';
import type { Deployment } from '../../../../cli/deployment/deployment.ts';

const NOW_MS = Date.parse('2026-11-30T12:00:00Z');

/** A deployment of one owner, and the requests for metrics. */
function world(isLocal: boolean) {
  const state = { requests: 0 };
  const metrics = {
    async send() {
      state.requests += 1;
      return { MetricDataResults: [] };
    },
  };
  const deployed = { stack: 'Atlas', failureQueueUrl: 'https://sqs/q', relay: 'r', governor: 'g', repair: 'p' };
  const deployment = {
    isLocal,
    clients: { metrics },
    owners: [{ name: 'atlas', deployed }],
    caches: [],
    factTopics: [],
    factQueues: [],
    sagas: [],
    effects: [],
  } as unknown as Deployment;
  return { state, read: createNumbersRead(deployment) };
}

test('on AWS, all pages get the same figures of a range for a minute', async () => {
  const { state, read } = world(false);
  const [one, other] = await Promise.all([read(15, NOW_MS), read(15, NOW_MS + 1)]);
  expect(other).toBe(one);
  expect(await read(15, NOW_MS + 59_999)).toBe(one);
  const { requests } = state;
  await read(180, NOW_MS + 59_999);
  expect(state.requests).toBe(2 * requests);
  expect(await read(15, NOW_MS + 60_000)).not.toBe(one);
  expect(state.requests).toBe(3 * requests);
});

test('in the local cloud, the figures are read each time', async () => {
  const { read } = world(true);
  const one = await read(15, NOW_MS);
  expect(await read(15, NOW_MS + 1)).not.toBe(one);
});
