import { vi } from 'vitest';
import { type CacheComparison, compareCaches } from '../../cli/compare-caches.ts';
import { connectTo, ownerOf, type Session } from '../../cli/session.ts';
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

/** One worker that was ended before it could answer. */
export interface Kill {
  readonly invocation: Invocation;
  /** Whether it waited for what a proxy withheld. */
  readonly isSeeded: boolean;
  /** Whether a write had been answered by its service, and that answer not reached the worker. */
  readonly isBetweenWriteAndAnswer: boolean;
  /** Messages or records that came again; undefined if some never did. */
  readonly redelivered: number | undefined;
}

/** What a run came to. */
export interface KillRun {
  readonly invocations: number;
  /** Versions that the owner committed. */
  readonly committed: number;
  readonly kills: readonly Kill[];
  /** Invocations that failed otherwise. */
  readonly otherFailures: readonly InvokeResult[];
  /** Versions that a function never got done with, `function: Country/CH@3`. */
  readonly neverSettled: readonly string[];
  readonly caches: readonly CacheComparison[];
}

/** Versions that a function hasn't seen yet when the next round of changes is due. */
const FEW_WAITING = ENTITIES / 2;
const LONGEST_RUN_MS = 120_000;

/** Commits changes at the owner and kills functions at seeded writes, until the plan is fulfilled and nothing moves any more. */
export async function runWithKills(plan: KillPlan): Promise<KillRun> {
  const invocations: DoomedInvocation[] = [];
  const victims = await startVictims(invocations);
  let cloud: LocalCloud | undefined;
  let session: Session | undefined;
  try {
    cloud = await startLocalCloud({
      assembly: plan.assembly,
      functionEndpoints: ({ dynamodb, sns, ...others }) => {
        victims.tables.forwardTo(dynamodb);
        victims.topic.forwardTo(sns);
        return { ...others, dynamodb: victims.tables.url, sns: victims.topic.url };
      },
    });
    session = await connect(cloud);
    for (const { deployed } of session.owners) victims.writers.set(deployed.topicArn, deployed.relay);
    for (const { deployed } of session.caches) victims.writers.set(deployed.table, deployed.projector);
    const toKill = killsByFunction(plan, session);
    keepLedger(cloud, plan, toKill, invocations, victims);
    const committed = await changeUntilKilled(session, plan.seed, toKill, invocations, victims);
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
      otherFailures: invocations.flatMap((one) => (one.result && !one.result.ok && !wasKilled(one) ? one.result : [])),
      neverSettled: [...toKill.keys()].flatMap((name) => {
        const settled = settledVersions(invocations, name);
        return committed.filter((version) => !settled.has(version)).map((version) => `${name}: ${version}`);
      }),
      caches: await compareCaches(session),
    };
  } finally {
    session?.close();
    await cloud?.stop();
    await victims.stop();
  }
}

/** Function name to kills. */
type ToKill = ReadonlyMap<string, number>;

function killsByFunction({ kills }: KillPlan, session: Session): ToKill {
  const { relay } = ownerOf(session, 'Country').deployed;
  const projectors = session.caches.map(({ deployed }) => [deployed.projector, kills.eachProjector] as const);
  return new Map([[relay, kills.relay], ...projectors]);
}

function countKills(
  invocations: readonly DoomedInvocation[],
  name: string,
  isKill: (one: DoomedInvocation) => boolean,
): number {
  return invocations.filter((one) => one.functionName === name && isKill(one)).length;
}

/** Writes down every invocation with its result and what is in store for it. */
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

/** Commits round after round of changes until all kills have happened; returns the versions that were committed. */
async function changeUntilKilled(
  session: Session,
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
    committed.push(...(await changeAll(session, seed, round)));
    const isNextDue = () => unfulfilled().length === 0 || unfulfilled().some(hasFewWaiting);
    await vi.waitUntil(isNextDue, { timeout: LONGEST_RUN_MS, interval: 50 });
  }
  return committed;
}

function connect(cloud: LocalCloud): Promise<Session> {
  const file = {
    pid: process.pid,
    startedAt: '',
    url: cloud.endpoints.sqs,
    dynamodbUrl: cloud.endpoints.dynamodb,
    deployed: Object.values(cloud.outputs).flatMap((outputs) => Object.values(outputs)),
  };
  return connectTo({ file, projectFolder: process.cwd() });
}
