import { afterAll, beforeAll, expect, test } from 'vitest';
import { compareCaches } from '../../cli/compare/compare-caches.ts';
import { POISON_REASONS } from '../../core/outcome.ts';
import type { ParkedEvent } from '../../core/project/ports.ts';
import { type Hostile, hostileMessages } from './hostile-messages.ts';
import { type Lab, labAssembly, startLab } from './lab.ts';
import { keepLedger, type Ledger } from './ledger.ts';
import { item, itemState } from './messages.ts';

/** The seed that decides on the messages. Choose another one with `FRESHET_SEED=7 npm test`. */
const seed = Number(process.env.FRESHET_SEED ?? 20261123);
const HOSTILE = 1_000;
/** The owner changes one of its entities after this many hostile messages. */
const GOOD_AFTER = 4;
const ENTITIES = Array.from({ length: 50 }, (_, index) => item(`live-${index}`));
const QUIET = Array.from({ length: 10 }, (_, index) => item(`quiet-${index}`));
/** The version of each entity that the caches hold at the start. */
const VERSION = 2;
const LONGEST_MS = 120_000;

let lab: Lab;
let ledger: Ledger;
let hostile: readonly Hostile[];
let parked: readonly ParkedEvent[];

beforeAll(async () => {
  lab = await startLab({ assembly: await labAssembly() });
  ledger = keepLedger(lab.cloud);
  for (let version = 1; version <= VERSION; version += 1) await putAll(version);
  await lab.cloud.idle();
  hostile = hostileMessages(HOSTILE, seed, ENTITIES, QUIET, VERSION);
  for (const [index, { groupId, body }] of hostile.entries()) {
    lab.queue('parking').send({ groupId, body, deduplicationId: `hostile-${index}` });
    const entity = ENTITIES[(index / GOOD_AFTER) % ENTITIES.length];
    if (entity !== undefined) await lab.owner.put('Item', entity.id, itemState(1_000 + index));
  }
  await lab.cloud.idle();
  parked = await lab.parked('parking');
}, LONGEST_MS);

afterAll(() => lab?.close());

async function putAll(version: number): Promise<void> {
  await Promise.all([...ENTITIES, ...QUIET].map(({ id }) => lab.owner.put('Item', id, itemState(version))));
}

test(`each of ${HOSTILE} hostile messages (seed ${seed}) is parked once, whole, and with a reason`, () => {
  const key = ({ groupId, body }: Pick<Hostile, 'groupId' | 'body'>) => `${groupId} ${body}`;
  const missing = hostile.filter((one) => !parked.some(({ message }) => key(message) === key(one)));
  expect(missing.map(({ kind, body }) => `${kind}: ${body.slice(0, 300)}`)).toEqual([]);
  expect(parked.length).toBe(HOSTILE);
  expect(new Set(parked.map(({ status }) => status))).toEqual(new Set(['parked']));
  const counts = POISON_REASONS.map(
    (reason) => [reason, parked.filter((one) => one.reason === reason).length] as const,
  );
  console.log(
    `hostile messages by reason (seed ${seed}): ${counts.map(([reason, count]) => `${reason} ${count}`).join(', ')}`,
  );
  const never = counts.flatMap(([reason, count]) => (count === 0 ? reason : []));
  // These two reasons mean that a function failed, and no function may fail.
  expect(never).toEqual(['retries-exhausted', 'crashed']);
});

test('hostile messages crash no function, and none is delivered again', () => {
  expect(lab.cloud.functions.functions().filter(({ errors }) => errors > 0)).toEqual([]);
  const deliveries = ledger.of(lab.cache('parking').deployed.projector);
  expect(deliveries.filter(({ receiveCount, isSettled }) => receiveCount > 1 || !isSettled)).toEqual([]);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

test('all good events between hostile messages are applied, and every cache equals its owner', async () => {
  const equal = ENTITIES.length + QUIET.length;
  expect(await compareCaches(lab.deployment)).toEqual([
    { cache: 'parking', equal, differing: [] },
    { cache: 'stopping', equal, differing: [] },
    { cache: 'discarding', equal, differing: [] },
  ]);
});

test('the tests of hostile messages need no permission that a function lacks', () => {
  expect(lab.cloud.access.denials).toEqual([]);
});
