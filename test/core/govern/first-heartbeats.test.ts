import { describe, expect, test } from 'vitest';
import { awaitFirstHeartbeats, heartbeatRequest, isHeartbeatRequest } from '../../../core/govern/first-heartbeats.ts';
import { parseCacheReport } from '../../../core/govern/report.ts';
import type { Completeness } from '../../../core/read/staleness.ts';

const MINUTE = 60_000;

/** A cache whose heartbeats arrive after the given number of looks; undefined: never. */
function waiting(looks: Readonly<Record<string, number | undefined>>, completeness?: Completeness) {
  let seen = 0;
  const log: string[] = [];
  const ports = {
    async heartbeats() {
      seen += 1;
      return Object.fromEntries(
        Object.entries(looks).map(([type, look]) => [type, look !== undefined && seen >= look ? 1 : undefined]),
      );
    },
    completeness: async () => completeness,
    askOwners: async () => void log.push('asked'),
    pause: async (ms: number) => void log.push(`${ms}`),
  };
  return { log, wait: () => awaitFirstHeartbeats(ports, MINUTE) };
}

const known = (receivesAllFrom: Completeness['receivesAllFrom']): Completeness => ({
  atMs: 0,
  until: {},
  settledUntil: {},
  sightings: [],
  receivesAllFrom,
});

describe('the first heartbeats of a cache', () => {
  test('a new cache asks its owners once, and waits until each of its types has a heartbeat', async () => {
    const { log, wait } = waiting({ Country: 2, Currency: 4 });
    expect(await wait()).toBe('arrived');
    expect(log).toEqual(['asked', '250', '250', '250']);
  });

  test('a cache with all its heartbeats asks nobody', async () => {
    const { log, wait } = waiting({ Country: 1 });
    expect(await wait()).toBe('known');
    expect(log).toEqual([]);
  });

  test('a cache stops to wait after twenty seconds, and asks again at its next report', async () => {
    const { log, wait } = waiting({ Country: undefined }, known({ Country: 0 }));
    expect(await wait()).toBe('missing');
    expect(log).toEqual(['asked', ...Array.from({ length: 80 }, () => '250')]);
  });

  test('a type that the cache began to keep later is not waited for, because its filter takes minutes', async () => {
    const { log, wait } = waiting({ Country: 1, constructor: undefined }, known({ Country: 0 }));
    expect(await wait()).toBe('known');
    expect(log).toEqual([]);
  });
});

test('a request for heartbeats is not a report, and nothing else is a request for heartbeats', () => {
  const request = heartbeatRequest('ordering');
  expect(isHeartbeatRequest(request)).toBe(true);
  expect(parseCacheReport(request)).toBeUndefined();
  for (const body of ['', 'null', '[]', '"x"', '{}', '{"heartbeatsFor":1}', '{"cache":"ordering"}'])
    expect(isHeartbeatRequest(body)).toBe(false);
});
