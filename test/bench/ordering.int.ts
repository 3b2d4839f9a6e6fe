import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Account, startAccount } from '../../bench/experiments/ordering/account.ts';
import {
  LOAD,
  type Measured,
  runScenario,
  SCENARIOS,
  type Scenario,
} from '../../bench/experiments/ordering/scenarios.ts';

/** A smaller load, with a visibility timeout that is long enough on a busy machine. */
const SMALL = { ...LOAD, products: 60, crashes: 0.1, queue: { ...LOAD.queue, visibilitySeconds: 2 } };
const LIMIT_MS = 25_000;

let account: Account;
let measured: Record<string, Measured>;

beforeAll(async () => {
  account = await startAccount();
  measured = {};
  const measure = async (scenario: Scenario) => {
    measured[scenario.key] = await runScenario(account, scenario, SMALL, AbortSignal.timeout(LIMIT_MS));
  };
  // Competing consumers run first and alone, because the race needs them to run at once. The others mostly wait.
  const isRace = ({ key }: Scenario) => key === 'competing';
  for (const scenario of SCENARIOS.filter(isRace)) await measure(scenario);
  await Promise.all(SCENARIOS.filter((scenario) => !isRace(scenario)).map(measure));
}, SCENARIOS.length * LIMIT_MS);

afterAll(() => account?.stop());

test('competing consumers on a standard queue process events out of order, and early updates fail', () => {
  expect(measured.competing?.failures).toBeGreaterThan(0);
  expect(measured.competing?.outOfOrder).toBeGreaterThan(measured.groups?.outOfOrder ?? Number.POSITIVE_INFINITY);
});

test('message groups keep events in order until a redriven event overwrites a newer one', () => {
  expect(measured.groups?.failures).toBe(0);
  expect(measured.groups?.regressions).toBeGreaterThan(0);
  expect(measured.groups?.leftWrong).toBe(measured.groups?.regressions);
});

test('with the version guard the redriven event changes nothing', () => {
  expect(measured.guarded?.outOfOrder).toBe(measured.groups?.outOfOrder);
  expect(measured.guarded).toMatchObject({ failures: 0, regressions: 0, leftWrong: 0 });
});

test('every scenario of the ordering experiment processes every event', () => {
  for (const { events, deliveries } of Object.values(measured)) {
    expect(events).toBe(2 * SMALL.products);
    expect(deliveries).toBeGreaterThanOrEqual(events);
  }
});
