import { vi } from 'vitest';
import { type CacheComparison, compareCaches } from '../../cli/compare/compare-caches.ts';
import type { Deployment } from '../../cli/deployment/deployment.ts';
import { openLocalCloud } from '../../cli/deployment/local-cloud.ts';
import { localFileOf } from '../../cli/deployment/local-file.ts';
import { deduplicationId } from '../../core/entity.ts';
import { parseEvent } from '../../core/event.ts';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import type { InvokeResult } from '../../local/lambda/invoke-result.ts';
import {
  deliveredVersions,
  deliveriesOf,
  type Invocation,
  redeliveries,
  settledVersions,
  wasKilled,
} from './ledger.ts';
import { doomOf, type KillPlan, SPARED } from './plan.ts';
import { type DoomedInvocation, startVictims, type Victims } from './victims.ts';
import { changeAll, ENTITIES } from './workload.ts';

/** One worker that was killed before it could answer. */
export interface Kill {
  readonly invocation: Invocation;
  /** Whether it waited for a request or an answer that a proxy withheld. */
  readonly isSeeded: boolean;
  /** Whether the service had answered a write and the answer had not reached the worker. */
  readonly isBetweenWriteAndAnswer: boolean;
  /** Messages or records that were delivered again; undefined if one of them never was. */
  readonly redelivered: number | undefined;
}

/** The result of a run. */
export interface KillRun {
  readonly invocations: number;
  /** Versions that the owner committed. */
  readonly committed: number;
  readonly kills: readonly Kill[];
  /** Invocations that failed without a kill, except by their time-out of 2 s, which a busy machine may exceed. */
  readonly otherFailures: readonly InvokeResult[];
  /**
   * Versions that a function never settled, `function: Country/CH@3`: the relay has to settle every committed version,
   * and a projector every published one.
   */
  readonly neverSettled: readonly string[];
  readonly caches: readonly CacheComparison[];
}

/** Most versions that a function hasn't received when the next round of changes begins. */
const FEW_WAITING = ENTITIES / 2;
const LONGEST_RUN_MS = 120_000;

/**
 * Commits changes at the owner and kills functions at seeded writes, until the plan is fulfilled and the cloud is idle.
 */
export async function runWithKills(plan: KillPlan): Promise<KillRun> {
  const invocations: DoomedInvocation[] = [];
  const victims = await startVictims(invocations);
  let cloud: LocalCloud | undefined;
  let deployment: Deployment | undefined;
  try {
    cloud = await startLocalCloud({
      assembly: plan.assembly,
      functionEndpoints: ({ dynamodb, sns, ...others }) => {
        victims.tables.forwardTo(dynamodb);
        victims.topic.forwardTo(sns);
        return { ...others, dynamodb: victims.tables.url, sns: victims.topic.url };
      },
    });
    deployment = openLocalCloud({ file: localFileOf(cloud), projectFolder: process.cwd() });
    const { relay } = (await deployment.ownerOf('Country')).deployed;
    for (const { deployed } of deployment.owners) victims.writers.set(deployed.topicArn, deployed.relay);
    for (const { deployed } of deployment.caches) victims.writers.set(deployed.table, deployed.projector);
    const toKill = killsByFunction(plan, relay, deployment);
    keepLedger(cloud, plan, toKill, invocations, victims);
    const published = publishedVersions(cloud);
    const committed = await changeUntilKilled(deployment, plan.seed, toKill, invocations, victims);
    await cloud.idle();
    return {
      invocations: invocations.length,
      committed: committed.length,
      kills: invocations.filter(wasKilled).map((invocation) => ({
        invocation,
        isSeeded: victims.isKill(invocation),
        isBetweenWriteAndAnswer: victims.isKilledBeforeAnswer(invocation),
        redelivered: redeliveries(invocations, invocation),
      })),
      otherFailures: invocations
        .filter((one) => !wasKilled(one))
        .flatMap(({ result }) => (failedItself(result) ? result : [])),
      neverSettled: [...toKill.keys()].flatMap((name) => {
        const settled = settledVersions(invocations, name);
        const expected = name === relay ? committed : committed.filter((version) => published.has(version));
        return expected.filter((version) => !settled.has(version)).map((version) => `${name}: ${version}`);
      }),
      caches: await compareCaches(deployment),
    };
  } finally {
    deployment?.close();
    await cloud?.stop();
    await victims.stop();
  }
}

function failedItself(result: InvokeResult | undefined): result is InvokeResult & { ok: false } {
  return result?.ok === false && result.error !== 'TimedOut';
}

/** The versions that reach a topic. A relay that is late publishes several versions of an entity as the newest one. */
function publishedVersions({ messaging }: LocalCloud): Set<string> {
  const published = new Set<string>();
  for (const topic of messaging.topics.list()) {
    const { publishBatch } = topic;
    vi.spyOn(topic, 'publishBatch').mockImplementation((entries) => {
      for (const { message } of entries) {
        const event = parseEvent(message);
        if (!('reason' in event)) published.add(deduplicationId(event.entity, event.version));
      }
      return publishBatch(entries);
    });
  }
  return published;
}

/** Function name to kills. */
type ToKill = ReadonlyMap<string, number>;

function killsByFunction({ kills }: KillPlan, relay: string, deployment: Deployment): ToKill {
  const projectors = deployment.caches.map(({ deployed }) => [deployed.projector, kills.eachProjector] as const);
  return new Map([[relay, kills.relay], ...projectors]);
}

function countKills(
  invocations: readonly DoomedInvocation[],
  name: string,
  isKill: (one: DoomedInvocation) => boolean,
): number {
  return invocations.filter((one) => one.functionName === name && isKill(one)).length;
}

/** Records every invocation with its result and its planned kill. */
function keepLedger(
  cloud: LocalCloud,
  plan: KillPlan,
  toKill: ToKill,
  invocations: DoomedInvocation[],
  victims: Victims,
): void {
  const { invoke } = cloud.functions;
  const isDue = (name: string) =>
    countKills(invocations, name, (one) => victims.isKill(one) || victims.isUnderWay(one)) < (toKill.get(name) ?? 0);
  vi.spyOn(cloud.functions, 'invoke').mockImplementation(async (functionName, event) => {
    const deliveries = deliveriesOf(event);
    const [first] = deliveries;
    const attempt = invocations.filter((one) => one.deliveries.some(({ id }) => id === first?.id)).length;
    const doom = isDue(functionName) ? doomOf(plan, functionName, deliveries, attempt) : SPARED;
    const open = { result: undefined, killedAtMs: undefined, requests: 0 };
    const kill = new AbortController();
    const invocation: DoomedInvocation = { functionName, deliveries, kill, ...open, ...doom };
    invocations.push(invocation);
    const result = await invoke(functionName, event, kill.signal);
    invocation.result = result;
    return plan.reported?.(functionName, result) ?? result;
  });
}

/** Commits rounds of changes until all kills have happened. Returns the number of committed versions. */
async function changeUntilKilled(
  deployment: Deployment,
  seed: number,
  toKill: ToKill,
  invocations: readonly DoomedInvocation[],
  victims: Victims,
): Promise<string[]> {
  const committed: string[] = [];
  const unfulfilled = () =>
    [...toKill].filter(([name, kills]) => countKills(invocations, name, victims.isKill) < kills).map(([name]) => name);
  const hasFewWaiting = (name: string) => committed.length - deliveredVersions(invocations, name).size <= FEW_WAITING;
  for (let round = 1; unfulfilled().length > 0; round += 1) {
    committed.push(...(await changeAll(deployment, seed, round)));
    const isNextDue = () => unfulfilled().length === 0 || unfulfilled().some(hasFewWaiting);
    await vi.waitUntil(isNextDue, { timeout: LONGEST_RUN_MS, interval: 50 });
  }
  return committed;
}
