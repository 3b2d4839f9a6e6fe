import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { InvokeResult } from '../../local/lambda/invoke-result.ts';
import { assemblyOf, SHOP } from '../support/assembly.ts';
import { type KillRun, runWithKills } from './run-with-kills.ts';
import { copyShortLived } from './short-lived.ts';

/** The seed of the kills. Choose another one with `FRESHET_SEED=7 npm test`. */
const seed = Number(process.env.FRESHET_SEED ?? 20261123);

const PLANNED = { relay: 16, eachProjector: 42 };
const PLANNED_TOTAL = 100;
const BEFORE_WRITE = 0.1;
const ENOUGH_IN_WINDOW = 0.8;
/** Least number of message groups with a killed invocation. */
const MANY_GROUPS = 100;

/** The time that a busy machine needs. An idle one needs half a minute. */
const LONGEST_RUN_MS = 180_000;

let folder = '';
let assembly = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'freshet-kills-'));
  assembly = copyShortLived(await assemblyOf(SHOP), join(folder, 'assembly'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe(`the deployed relay and projectors under kills at their writes (seed ${seed})`, () => {
  let run: KillRun;

  beforeAll(async () => {
    run = await runWithKills({ seed, assembly, kills: PLANNED, beforeWrite: BEFORE_WRITE });
    console.log(summary(run));
  }, LONGEST_RUN_MS);

  test('the functions are killed at least 100 times, 80 of 100 between a write and its answer, in many groups', () => {
    const seeded = run.kills.filter(({ isSeeded }) => isSeeded);
    const inWindow = seeded.filter(({ isBetweenWriteAndAnswer }) => isBetweenWriteAndAnswer);
    expect(seeded.length).toBeGreaterThanOrEqual(PLANNED_TOTAL);
    expect(inWindow.length / seeded.length).toBeGreaterThanOrEqual(ENOUGH_IN_WINDOW);
    expect(groupsOf(run).size).toBeGreaterThanOrEqual(MANY_GROUPS);
    expect(run.otherFailures).toEqual([]);
  });

  test('every message and record of a killed invocation is delivered again', () => {
    expect(run.kills.filter(({ redelivered }) => redelivered === undefined)).toEqual([]);
  });

  test('no version is lost under kills: each is settled by the relay and by each projector', () => {
    expect(run.neverSettled).toEqual([]);
  });

  test("every cache equals its owner's table after the kills", () => {
    expect(run.caches.map(({ cache, differing }) => ({ cache, differing }))).toEqual([
      { cache: 'ordering', differing: [] },
      { cache: 'warehouse', differing: [] },
    ]);
    expect(run.caches.every(({ equal }) => equal > 0)).toBe(true);
  });
});

/** Planted bugs: with each, an event source mapping takes a killed invocation for a success. */
const mutants = [
  {
    bug: 'a mapping that deletes messages before the invocation has returned',
    kills: { relay: 0, eachProjector: 2 },
    hides: (functionName: string) => functionName.includes('Projector'),
  },
  {
    bug: 'a relay that reports no failure',
    kills: { relay: 2, eachProjector: 0 },
    hides: (functionName: string) => functionName.includes('Relay'),
  },
];

describe(`mutants under kills (seed ${seed})`, () => {
  test.concurrent.each(mutants)(
    'the mutant is caught: $bug loses versions',
    async ({ kills, hides }) => {
      const reported = (functionName: string, result: InvokeResult): InvokeResult =>
        !result.ok && hides(functionName) ? { ok: true, payload: { batchItemFailures: [] } } : result;
      const run = await runWithKills({ seed, assembly, kills, beforeWrite: 1, reported });
      expect(run.kills.length).toBeGreaterThan(0);
      expect(run.kills.filter(({ redelivered }) => redelivered === undefined)).not.toEqual([]);
      expect(run.neverSettled).not.toEqual([]);
    },
    LONGEST_RUN_MS,
  );
});

function groupsOf({ kills }: KillRun): Set<string> {
  return new Set(kills.flatMap(({ invocation }) => invocation.deliveries.map(({ group }) => group)));
}

function summary(run: KillRun): string {
  const { kills } = run;
  const seeded = kills.filter(({ isSeeded }) => isSeeded);
  const inWindow = kills.filter(({ isBetweenWriteAndAnswer }) => isBetweenWriteAndAnswer).length;
  const redelivered = kills.reduce((sum, kill) => sum + (kill.redelivered ?? 0), 0);
  const byFunction = new Map<string, number>();
  for (const { invocation } of seeded) {
    byFunction.set(invocation.functionName, (byFunction.get(invocation.functionName) ?? 0) + 1);
  }
  return [
    `kills (seed ${seed}): ${seeded.length}, of which ${inWindow} between a write and its answer`,
    `  ${[...byFunction].map(([name, count]) => `${name}: ${count}`).join(', ')}`,
    `  messages and records redelivered: ${redelivered}, in ${groupsOf(run).size} groups`,
    `  versions committed: ${run.committed}, never settled: ${run.neverSettled.length}, invocations: ${run.invocations}`,
  ].join('\n');
}
