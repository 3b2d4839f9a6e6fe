import { EMITTER_DIMENSION, METRIC_NAMESPACE, STACK_DIMENSION } from 'freshet-aws/internal/core/metrics';
import * as z from 'zod/mini';
import { type RaisedAlarm, raisedAlarms } from '../clients/alarms.ts';
import type { Clients } from '../deployment/clients.ts';
import type { FoundCache, FoundOwner } from '../deployment/deployment.ts';

/** An alarm in the state ALARM. */
export const alarmStatus = z.object({
  name: z.string(),
  /** The owner or cache that the alarm is about. */
  boundary: z.string(),
  description: z.string(),
  /** When the alarm was raised, ISO 8601; null if that is unknown. */
  since: z.nullable(z.string()),
});

/** See `alarmStatus`. */
export type AlarmStatus = z.infer<typeof alarmStatus>;

/** The parts of a deployment's owners and caches that are needed to match alarms. */
interface Boundaries {
  readonly owners: readonly Pick<FoundOwner, 'name' | 'deployed'>[];
  readonly caches: readonly Pick<FoundCache, 'name' | 'deployed'>[];
}

/**
 * Returns the alarms in the state ALARM that are about an owner or a cache of the deployment, and none of the account's
 * other alarms.
 */
export async function readAlarms(
  deployment: Boundaries & { readonly clients: Pick<Clients, 'metrics'> },
): Promise<AlarmStatus[]> {
  const boundaries = boundariesByName(deployment);
  const emitters = [...deployment.owners, ...deployment.caches].map(({ name, deployed }) => [name, deployed.stack]);
  const raised = await raisedAlarms(deployment.clients.metrics);
  return raised.flatMap((alarm) => {
    // A composite alarm is about the boundary of one of the alarms in its rule.
    const parts = raised.filter(({ name }) => alarm.rule.includes(`"${name}"`));
    const boundary = [alarm, ...parts]
      .map((one) => boundaryOf(one, boundaries, emitters))
      .find((one) => one !== undefined);
    if (boundary === undefined) return [];
    const { name, description, sinceMs } = alarm;
    return [{ name, boundary, description, since: sinceMs === undefined ? null : new Date(sinceMs).toISOString() }];
  });
}

/**
 * The boundary of each queue, function, table and topic, by its name. If a boundary is both an owner and a cache, both
 * have the boundary's name.
 */
function boundariesByName({ owners, caches }: Boundaries): ReadonlyMap<string, string> {
  return new Map(
    [...owners, ...caches].flatMap(({ name, deployed: { role, boundary, stack, ...physical } }) =>
      Object.values(physical).map((value) => [value.slice(value.search(/[^:/]*$/)), name] as const),
    ),
  );
}

/** @param emitters the name and the stack of each owner and cache */
function boundaryOf(
  { dimensions }: RaisedAlarm,
  boundaries: ReadonlyMap<string, string>,
  emitters: readonly (readonly string[])[],
): string | undefined {
  const values = (dimension: string) =>
    dimensions.filter(({ namespace, name }) => namespace === METRIC_NAMESPACE && name === dimension);
  // All of Freshet's metrics in one alarm have the same emitter.
  const [[name], [stack]] = [values(EMITTER_DIMENSION), values(STACK_DIMENSION)];
  const emitter = emitters.find(([one, its]) => one === name?.value && its === stack?.value);
  if (emitter !== undefined) return name?.value;
  for (const { namespace, value } of dimensions) {
    const found = namespace === METRIC_NAMESPACE ? undefined : boundaries.get(value);
    if (found !== undefined) return found;
  }
  return undefined;
}
