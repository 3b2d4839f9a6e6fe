import { type DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { vi } from 'vitest';
import { createSurveyNotes } from '../../adapters/adopt/surveying.ts';
import type { Item } from '../../adapters/aws/items.ts';
import { createReader } from '../../adapters/read/cache-table.ts';
import { HEARTBEAT_ID } from '../../core/entity.ts';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { cacheIn, cloudClient, ownerIn } from '../../local/deployed.ts';
import type { InvokeResult } from '../../local/lambda/invoke-result.ts';
import { synthesised } from '../adopt/app.ts';
import basket, { catalogue } from '../adopt/contracts.ts';
import { startAnswerProxy } from './answer-proxy.ts';
import { type Shelf, startShelf } from './shelf.ts';

/** How the adopter is killed. */
export interface AdopterKills {
  readonly seed: number;
  /** Kills until the writes end. Afterwards, only a planted bug goes on. */
  readonly kills: number;
  /** Every how many invocations one is killed. With 1, no batch ever ends. */
  readonly every: number;
  /** What the proxy withholds before a kill, in turns. */
  readonly fates: readonly Running['fate'][];
  /** Rounds of writes between two stops of the adopter. */
  readonly stopEvery: number;
  /** What the mapping gets to know of a result. @default - the result */
  readonly reported?: (result: InvokeResult) => InvokeResult;
}

/** The result of a run. */
export interface AdopterRun {
  readonly kills: number;
  /** Kills after a copy was written and before the adopter knew of it. */
  readonly killsAfterWrite: number;
  readonly stops: number;
  readonly writes: number;
  /** Changes of copies whose version didn't rise, as the owner's stream tells them. */
  readonly wentBack: readonly string[];
  /** Items whose state isn't in the cache, and entities of the cache that have no item. */
  readonly differing: readonly string[];
  /** Changes that were set aside. */
  readonly setAside: number;
}

/** A wait for the adopter, on a busy machine. */
const PATIENCE = { timeout: 60_000, interval: 20 };

/** Writes an existing table while its adopter is killed in its batches and stopped, until all kills have happened. */
export async function runAdopterWithKills(plan: AdopterKills): Promise<AdopterRun> {
  const victim = await startVictim(plan);
  let cloud: LocalCloud | undefined;
  let client: DynamoDBClient | undefined;
  try {
    cloud = await startLocalCloud({
      assembly: synthesised(true),
      functionEndpoints: (services) => {
        victim.forwardTo(services.dynamodb);
        return { ...services, dynamodb: victim.url };
      },
    });
    client = cloudClient(cloud);
    const { adopter = '', table, relay, parkingTable, flowTable } = ownerIn(cloud, catalogue);
    await surveyed(cloud, createSurveyNotes(client, flowTable));
    const wentBack = victim.watch(cloud, { adopter, table, relay });
    const shelf = startShelf(client, plan.seed);
    const stops = await writeUntilKilled(cloud, adopter, plan, shelf, victim);
    await cloud.idle();
    const reader = createReader({ boundary: basket, client, tableName: cacheIn(cloud, basket).table });
    const { Count = 0 } = await client.send(new ScanCommand({ TableName: parkingTable, Select: 'COUNT' }));
    return {
      kills: victim.kills(),
      killsAfterWrite: victim.killsAfterWrite(),
      stops,
      writes: shelf.writes(),
      wentBack,
      differing: await shelf.differing(reader),
      setAside: Count,
    };
  } finally {
    client?.destroy();
    await cloud?.stop();
    await victim.stop();
  }
}

/** Waits for the survey of the empty table. The next one begins a day later, so no survey mends what is lost. */
async function surveyed(cloud: LocalCloud, notes: ReturnType<typeof createSurveyNotes>): Promise<void> {
  const hasEnded = async () => {
    await cloud.tick();
    return (await notes.read(catalogue.name))?.endedAtMs !== undefined;
  };
  await vi.waitUntil(hasEnded, PATIENCE);
}

/** Returns how often the adopter was stopped. */
async function writeUntilKilled(
  cloud: LocalCloud,
  adopter: string,
  { kills, stopEvery }: AdopterKills,
  shelf: Shelf,
  victim: Victim,
): Promise<number> {
  let stops = 0;
  for (let round = 1; victim.kills() < kills; round += 1) {
    const isStopped = round % stopEvery === 0;
    if (isStopped) {
      cloud.functions.setReservedConcurrency(adopter, 0);
      stops += 1;
    }
    await shelf.change();
    if (isStopped) cloud.functions.setReservedConcurrency(adopter, undefined);
    const before = victim.kills();
    await vi.waitUntil(() => victim.kills() > before || victim.isIdle(), PATIENCE);
  }
  return stops;
}

type Victim = Awaited<ReturnType<typeof startVictim>>;

/** An invocation of the adopter that runs. */
interface Running {
  readonly ids: ReadonlySet<string>;
  /** The first write at which it may be killed, counted from 0; undefined for none. */
  readonly killAt: number | undefined;
  readonly fate: 'withholdRequest' | 'withholdAnswer';
  readonly kill: AbortController;
  writes: number;
}

/** A stream event, as far as the kills need it. */
interface StreamEvent {
  readonly Records: readonly {
    readonly dynamodb: { readonly Keys: Item; readonly NewImage?: Item; readonly OldImage?: Item };
  }[];
}

/** Starts a proxy between the functions and DynamoDB, which kills the adopter at its writes of copies. */
async function startVictim({ kills, every, fates, reported }: AdopterKills) {
  let running: Running | undefined;
  let ownerTable = '';
  let invocations = 0;
  let seen = 0;
  const killed: Running['fate'][] = [];
  const proxy = await startAnswerProxy(
    ({ target, body }) => {
      if (running === undefined || target?.endsWith('.UpdateItem') !== true) return 'pass';
      const { TableName, Key } = JSON.parse(body) as { TableName: string; Key: Item };
      if (TableName !== ownerTable || !running.ids.has(Key.id?.S ?? '')) return 'pass';
      running.writes += 1;
      // A write that the table refuses is answered, and the invocation is killed at a later one.
      return running.killAt !== undefined && running.writes > running.killAt ? running.fate : 'pass';
    },
    () => {
      if (running === undefined || running.kill.signal.aborted) return;
      killed.push(running.fate);
      running.kill.abort();
    },
  );
  const adopt = async (invoke: LocalCloud['functions']['invoke'], name: string, event: StreamEvent) => {
    const ids = new Set(event.Records.map(({ dynamodb }) => (dynamodb.Keys.pk?.S ?? '').replace('SKU#', '')));
    // A planted bug shows only if no later change of a lost entity is copied.
    const isVictim = invocations % every === 0 && (killed.length < kills || reported !== undefined);
    const fate = fates[killed.length % fates.length] ?? 'withholdRequest';
    const killAt = isVictim ? invocations % Math.min(5, ids.size) : undefined;
    invocations += 1;
    running = { ids, killAt, fate, kill: new AbortController(), writes: 0 };
    const result = await invoke(name, event, running.kill.signal);
    running = undefined;
    seen += 1;
    return reported?.(result) ?? result;
  };
  return {
    url: proxy.url,
    forwardTo: proxy.forwardTo,
    stop: proxy.stop,
    kills: () => killed.length,
    killsAfterWrite: () => killed.filter((fate) => fate === 'withholdAnswer').length,
    /** Whether the adopter has ended an invocation since the last call, and none runs. */
    isIdle() {
      const isIdle = seen > 0 && running === undefined;
      if (isIdle) seen = 0;
      return isIdle;
    },
    /** Watches the invocations of the adopter, and the changes of copies, which the relay receives. */
    watch(cloud: LocalCloud, names: { readonly adopter: string; readonly table: string; readonly relay: string }) {
      ownerTable = names.table;
      const wentBack: string[] = [];
      const { invoke } = cloud.functions;
      vi.spyOn(cloud.functions, 'invoke').mockImplementation((name, event) => {
        if (name === names.adopter) return adopt(invoke, name, event as StreamEvent);
        if (name === names.relay) wentBack.push(...notRisen(event as StreamEvent));
        return invoke(name, event);
      });
      return wentBack;
    },
  };
}

function notRisen({ Records }: StreamEvent): string[] {
  return Records.flatMap(({ dynamodb: { Keys, NewImage, OldImage } }) => {
    const [before, after] = [OldImage, NewImage].map((image) => Number(image?.version?.N ?? 0));
    return (after ?? 0) > (before ?? 0) || Keys.id?.S === HEARTBEAT_ID ? [] : [`${Keys.id?.S}: ${before} to ${after}`];
  });
}
