import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { dynamoDbClient } from '../../adapters/aws/clients.ts';
import { ATTRIBUTE, type Item, itemEntity, STALENESS_PARTITION } from '../../adapters/aws/items.ts';
import { compareCaches } from '../../cli/compare/compare-caches.ts';
import { entityName, isHeartbeat, utf8Bytes } from '../../core/entity.ts';
import { parseEvent } from '../../core/event.ts';
import { keptFields } from '../../core/project/fields.ts';
import { canonicalState, type State } from '../../core/state.ts';
import { type AnswerProxy, startAnswerProxy } from '../kills/answer-proxy.ts';
import { drawn } from '../kills/plan.ts';
import { type CacheName, type Lab, labAssembly, startLab } from './lab.ts';
import { keepLedger, type Ledger } from './ledger.ts';

/** The seed that decides which deltas are lost. Choose another one with `FRESHET_SEED=7 npm test`. */
const seed = Number(process.env.FRESHET_SEED ?? 20261123);
const CACHES: readonly CacheName[] = ['parking', 'discarding'];
const ENTITIES = 24;
const BIOGRAPHY = 'born, lived, and wrote about it at length. '.repeat(30);
/** Least number of healed gaps, over all caches. */
const EPISODES = 40;
const LOST_SHARE = 0.06;
/** Most messages in a cache's backlog when the owner goes on. A larger backlog would dominate the time to heal. */
const FEW_WAITING = ENTITIES / 2;
const LONGEST_MS = 150_000;

/** A write that a projector sent to a cache's table. */
interface Write {
  readonly table: string;
  readonly id: string;
  readonly version: number;
  readonly data: string | undefined;
  readonly atMs: number;
}

/** A delta whose predecessor was missing, from the projector's log. */
interface Gap {
  readonly cache: CacheName;
  readonly id: string;
  readonly version: number;
  readonly atMs: number;
}

let proxy: AnswerProxy;
let lab: Lab;
let ledger: Ledger;
const writes: Write[] = [];
const gaps: Gap[] = [];
/** Versions that a projector never received, each after the projector's name. */
const lost: string[] = [];
const commits: number[] = [];
/** Whether deltas get lost. An entity's last delta must not: no later delta would reveal the gap. */
let isLosing = true;
/** The states that the owner committed, by entity and version. */
const history = new Map<string, State>();

const versionName = (id: string, version: number) => `${entityName({ type: 'Profile', id })}@${version}`;

beforeAll(async () => {
  proxy = await startAnswerProxy(
    ({ target, body }) => {
      if (target?.endsWith('.PutItem')) noteWrite(JSON.parse(body) as { TableName: string; Item: Item });
      return 'pass';
    },
    () => {},
  );
  lab = await startLab({
    assembly: await labAssembly(),
    functionEndpoints(services) {
      proxy.forwardTo(services.dynamodb);
      return { ...services, dynamodb: proxy.url };
    },
    onLog: (functionName, line) => noteGap(functionName, line),
  });
  const projectors = new Set(CACHES.map((name) => lab.cache(name).deployed.projector));
  ledger = keepLedger(lab.cloud, (functionName, { body }) => {
    const event = parseEvent(body);
    const isDelta = projectors.has(functionName) && 'kind' in event && event.kind === 'delta';
    if (!isLosing || !isDelta || drawn(seed, functionName, event.entity.id, event.version) >= LOST_SHARE) return false;
    lost.push(`${functionName} ${versionName(event.entity.id, event.version)}`);
    return true;
  });
  await commitUntilGapsAreFound();
  await lab.cloud.idle();
}, LONGEST_MS);

afterAll(async () => {
  await lab?.close();
  await proxy?.stop();
});

function noteWrite({ TableName, Item }: { TableName: string; Item: Item }): void {
  // While the lab starts, heartbeats are written.
  if (!CACHES.some((name) => lab?.cache(name).deployed.table === TableName)) return;
  // In a run of more than a minute, scheduled functions write heartbeats and the cache's staleness.
  if (Item[ATTRIBUTE.partition]?.S === STALENESS_PARTITION) return;
  // A note about a backfill has no version.
  if (Item[ATTRIBUTE.version] === undefined) return;
  const entity = itemEntity(Item);
  if (isHeartbeat(entity)) return;
  const version = Number(Item.version?.N);
  writes.push({ table: TableName, id: entity.id, version, data: Item.data?.S, atMs: performance.now() });
}

function noteGap(functionName: string, line: string): void {
  const cache = CACHES.find((name) => lab?.cache(name).deployed.projector === functionName);
  if (cache === undefined || !line.includes('"message":"gap"')) return;
  const { entity, version } = JSON.parse(line) as { entity: { id: string }; version: number };
  gaps.push({ cache, id: entity.id, version, atMs: performance.now() });
}

async function commitUntilGapsAreFound(): Promise<void> {
  let round = 1;
  for (; episodes().length < EPISODES; round += 1) {
    await commitRound(round);
    // The owner doesn't wait for its last commits to arrive, but it waits until the backlog is small.
    const hasFewWaiting = () => CACHES.every((name) => seen(name) >= round * ENTITIES - FEW_WAITING);
    await vi.waitUntil(hasFewWaiting, { timeout: LONGEST_MS, interval: 5 });
  }
  isLosing = false;
  await commitRound(round);
}

async function commitRound(round: number): Promise<void> {
  await Promise.all(
    Array.from({ length: ENTITIES }, async (_, entity) => {
      const id = `profile-${entity}`;
      const state = { name: id, biography: BIOGRAPHY, visits: round, city: `city ${round % 3}` };
      const { version } = await lab.owner.put('Profile', id, state);
      history.set(versionName(id, version), state);
      commits.push(performance.now());
    }),
  );
}

/** Number of messages that reached a cache or were lost. */
function seen(name: CacheName): number {
  const { projector } = lab.cache(name).deployed;
  return ledger.of(projector).length + lost.filter((one) => one.startsWith(projector)).length;
}

/** The time from the first gap of an entity at a cache until the cache has every version that was missing. */
interface Episode {
  readonly beganAtMs: number;
  readonly healedAtMs: number;
  /** Whether it is the first episode of the entity at the cache. */
  readonly isFirst: boolean;
}

/** The episodes that have ended. */
function episodes(): Episode[] {
  const open = new Map<string, Episode>();
  const all: Episode[] = [];
  for (const { cache, id, version, atMs } of gaps) {
    const { table } = lab.cache(cache).deployed;
    const healing = writes.find((write) => write.table === table && write.id === id && write.version >= version);
    const healedAtMs = healing?.atMs ?? Number.POSITIVE_INFINITY;
    const last = open.get(`${cache} ${id}`);
    const isSame = last !== undefined && atMs < last.healedAtMs;
    const episode = isSame ? { ...last, healedAtMs } : { beganAtMs: atMs, healedAtMs, isFirst: last === undefined };
    if (isSame) all.splice(all.indexOf(last), 1);
    if (healedAtMs > episode.beganAtMs) all.push(episode);
    open.set(`${cache} ${id}`, episode);
  }
  return all.filter(({ healedAtMs }) => healedAtMs < Number.POSITIVE_INFINITY);
}

test('a change is sent as a delta, in fewer bytes than the whole state', () => {
  const bytes = { state: [] as number[], delta: [] as number[] };
  for (const { body } of ledger.of(lab.cache('parking').deployed.projector)) {
    const event = parseEvent(body);
    if ('kind' in event && event.kind !== 'tombstone') bytes[event.kind].push(utf8Bytes(body));
  }
  const [state, delta] = [mean(bytes.state), mean(bytes.delta)];
  console.log(`bytes of an event: delta ${delta.toFixed(0)}, state ${state.toFixed(0)}`);
  expect(bytes.delta.length).toBeGreaterThan(bytes.state.length);
  expect(delta).toBeLessThan(state / 2);
});

test("no delta was applied on a wrong base: each state that a cache wrote is its owner's at that version", () => {
  const tables = new Map(CACHES.map((name) => [lab.cache(name).deployed.table, lab.cache(name).boundary] as const));
  const wrong = writes.filter(({ table, id, version, data }) => {
    const cached = tables.get(table)?.caches.Profile;
    const state = history.get(versionName(id, version));
    return !cached || !state || data !== canonicalState({ type: 'Profile', id }, keptFields(state, cached)).json;
  });
  expect(wrong).toEqual([]);
  expect(writes.length).toBeGreaterThan(ENTITIES * CACHES.length * 2);
});

test(`at least ${EPISODES} gaps heal on their own while the owner keeps committing`, () => {
  const all = episodes();
  const during = all.filter((one) => commits.some((at) => at > one.beganAtMs && at < one.healedAtMs)).length;
  console.log(
    `gaps (seed ${seed}): ${lost.length} deltas lost, ${gaps.length} deltas without their predecessor in ${all.length} gaps, ` +
      `${during} with commits before they were healed; time to heal: ${timesToHeal(all)}; of an entity's first: ` +
      timesToHeal(all.filter(({ isFirst }) => isFirst)),
  );
  expect(all.length).toBeGreaterThanOrEqual(EPISODES);
  expect(during).toBeGreaterThanOrEqual(EPISODES / 2);
});

test('every cache equals its owner in the end, and no record of a gap is left', async () => {
  const compared = await compareCaches(lab.deployment);
  expect(compared.filter(({ cache }) => cache !== 'stopping')).toMatchObject([
    { cache: 'parking', equal: ENTITIES, differing: [] },
    { cache: 'discarding', equal: ENTITIES, differing: [] },
  ]);
  const client = dynamoDbClient({ endpoint: lab.cloud.endpoints.dynamodb });
  for (const name of CACHES) {
    const { Items } = await client.send(new ScanCommand({ TableName: lab.cache(name).deployed.parkingTable }));
    expect(Items).toEqual([]);
  }
  client.destroy();
});

test('the tests of gaps need no permission that a function lacks', () => {
  expect(lab.cloud.access.denials).toEqual([]);
});

function timesToHeal(all: readonly Episode[]): string {
  const times = all.map(({ beganAtMs, healedAtMs }) => healedAtMs - beganAtMs).sort((a, b) => a - b);
  const at = (share: number) => times[Math.ceil(share * times.length) - 1]?.toFixed(0);
  return `median ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
