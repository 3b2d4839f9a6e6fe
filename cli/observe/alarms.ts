import { EMITTER_DIMENSION, METRIC_NAMESPACE, STACK_DIMENSION } from 'freshet-aws/internal/core/metrics';
import { factQueueName, factRelayName } from 'freshet-aws/internal/core/monitoring-names';
import * as z from 'zod/mini';
import { type RaisedAlarm, raisedAlarms } from '../clients/alarms.ts';
import type { Clients } from '../deployment/clients.ts';
import type { Deployment, FactQueue, FoundCache, FoundOwner } from '../deployment/deployment.ts';

/** An alarm in the state ALARM. */
export const alarmStatus = z.object({
  name: z.string(),
  /** The owner, cache, topic or queue of facts, or saga that the alarm is about. */
  boundary: z.string(),
  description: z.string(),
  /** When the alarm was raised, ISO 8601; null if that is unknown. */
  since: z.nullable(z.string()),
});

/** See `alarmStatus`. */
export type AlarmStatus = z.infer<typeof alarmStatus>;

/** The parts of a deployment that are needed to match alarms. */
interface Boundaries extends Pick<Deployment, 'factTopics' | 'sagas' | 'effects' | 'stacks' | 'isLocal'> {
  readonly owners: readonly Pick<FoundOwner, 'name' | 'deployed'>[];
  readonly caches: readonly Pick<FoundCache, 'name' | 'deployed'>[];
  readonly factQueues: readonly Pick<FactQueue, 'name' | 'deployed'>[];
}

/**
 * Returns the alarms in the state ALARM that are about an owner, a cache, facts or a saga of the deployment, and none
 * of the account's other alarms.
 */
export async function readAlarms(
  deployment: Boundaries & { readonly clients: Pick<Clients, 'metrics'> },
): Promise<AlarmStatus[]> {
  const boundaries = boundariesByName(deployment);
  const emitters = emittersOf(deployment);
  const raised = await raisedAlarms(deployment.clients.metrics);
  return raised.flatMap((alarm) => {
    // A composite alarm is about the boundary of one of the alarms in its rule.
    const parts = raised.filter(({ name }) => alarm.rule.includes(`"${name}"`));
    const boundary = [alarm, ...parts]
      .map((one) => boundaryOf(one, boundaries, emitters))
      .find((one) => one !== undefined);
    if (boundary === undefined) return ofFunction(alarm, deployment);
    const { name, description, sinceMs } = alarm;
    return [{ name, boundary, description, since: timeOf(sinceMs) }];
  });
}

/**
 * The boundary of each queue, function, table and topic, by its name. If a boundary is both an owner and a cache, both
 * have the boundary's name.
 */
function boundariesByName(deployment: Boundaries): ReadonlyMap<string, string> {
  const { owners, caches, factTopics, factQueues, sagas, effects } = deployment;
  const physical = (name: string, values: object) =>
    Object.values(values).flatMap((value: unknown) =>
      typeof value === 'string' ? [[value.slice(value.search(/[^:/]*$/)), name] as const] : [],
    );
  return new Map([
    ...effects.flatMap(({ role, name, handlerId, retries, ...one }) => physical(name, one)),
    ...sagas.flatMap(({ role, name, stack, ...one }) => physical(name, one)),
    ...factTopics.flatMap(({ role, boundary, stack, ...one }) => physical(boundary, one)),
    ...factQueues.flatMap(({ name, deployed: { role, name: _, stack, ...one } }) => physical(name, one)),
    ...[...owners, ...caches].flatMap(({ name, deployed: { role, boundary, stack, ...one } }) => physical(name, one)),
  ]);
}

/** What emits metrics: its name in metrics, and its name for people. */
interface Emitting {
  readonly service: string;
  readonly name: string;
  /** Whether the emitter is in a stack of this name. */
  readonly isIn: (stack: string) => boolean;
}

/** The outputs of facts and sagas don't name their stack, so any stack of the deployment counts. */
function emittersOf({ owners, caches, factTopics, factQueues, sagas, stacks, isLocal }: Boundaries): Emitting[] {
  const isIn = (stack: string) => isLocal || stacks.includes(stack);
  return [
    ...[...owners, ...caches].map(({ name, deployed }) => ({
      service: name,
      name,
      isIn: (stack: string) => stack === deployed.stack,
    })),
    ...factTopics.map(({ boundary }) => ({ service: factRelayName(boundary), name: boundary, isIn })),
    ...factQueues.map(({ name }) => ({ service: factQueueName(name), name, isIn })),
    ...sagas.map(({ name }) => ({ service: name, name, isIn })),
  ];
}

/**
 * The alarm on the function of a queue of facts. No output names the function, so the alarm is found by its own name:
 * it ends with the name of the queue and the alarm's entry in the runbook.
 */
function ofFunction({ name, description, sinceMs }: RaisedAlarm, { factQueues }: Boundaries): AlarmStatus[] {
  const entry = runbookEntry(description);
  const queue = factQueues.find((one) => name.endsWith(`-${one.name}-${entry}`));
  if (queue === undefined) return [];
  return [{ name, boundary: queue.name, description, since: timeOf(sinceMs) }];
}

/** The entry of the runbook that an alarm's description names; undefined for an alarm of somebody else. */
export function runbookEntry(description: string): string | undefined {
  return /Runbook: \S+#([a-z-]+)$/.exec(description)?.[1];
}

function timeOf(sinceMs: number | undefined): string | null {
  return sinceMs === undefined ? null : new Date(sinceMs).toISOString();
}

function boundaryOf(
  { dimensions }: RaisedAlarm,
  boundaries: ReadonlyMap<string, string>,
  emitters: readonly Emitting[],
): string | undefined {
  const values = (dimension: string) =>
    dimensions.filter(({ namespace, name }) => namespace === METRIC_NAMESPACE && name === dimension);
  // All of Freshet's metrics in one alarm have the same emitter.
  const [[name], [stack]] = [values(EMITTER_DIMENSION), values(STACK_DIMENSION)];
  const emitter = emitters.find(({ service, isIn }) => service === name?.value && isIn(stack?.value ?? ''));
  if (emitter !== undefined) return emitter.name;
  for (const { namespace, value } of dimensions) {
    const found = namespace === METRIC_NAMESPACE ? undefined : boundaries.get(value);
    if (found !== undefined) return found;
  }
  return undefined;
}
