import { BOUNDARY_DIMENSION, METRIC_NAMESPACE } from 'freshet-aws/internal/core/metrics';
import * as z from 'zod/mini';
import { type RaisedAlarm, raisedAlarms } from './clients/alarms.ts';
import type { Watched } from './watched.ts';

/** An alarm that is in ALARM. */
export const alarmStatus = z.object({
  name: z.string(),
  /** The owner or cache that it is about. */
  boundary: z.string(),
  description: z.string(),
  /** When it came into ALARM, ISO 8601; null where that isn't told. */
  since: z.nullable(z.string()),
});

/** See `alarmStatus`. */
export type AlarmStatus = z.infer<typeof alarmStatus>;

/** The alarms in ALARM that are about what is looked at; those of others in the same account aren't told. */
export async function readAlarms(watched: Watched): Promise<AlarmStatus[]> {
  const boundaries = boundariesByName(watched);
  const raised = await raisedAlarms(watched.clients.metrics);
  return raised.flatMap((alarm) => {
    // An alarm on others is about what those are about that raise it.
    const parts = raised.filter(({ name }) => alarm.rule.includes(`"${name}"`));
    const boundary = [alarm, ...parts].map((one) => boundaryOf(one, boundaries)).find((one) => one !== undefined);
    if (boundary === undefined) return [];
    const { name, description, sinceMs } = alarm;
    return [{ name, boundary, description, since: sinceMs === undefined ? null : new Date(sinceMs).toISOString() }];
  });
}

/** Whose each queue, function, table and topic is. A boundary that is owner and cache has one name for both. */
function boundariesByName({ owners, caches }: Watched): ReadonlyMap<string, string> {
  return new Map(
    [...owners, ...caches].flatMap(({ name, deployed: { role, boundary, ...physical } }) =>
      Object.values(physical).map((value) => [value.slice(value.search(/[^:/]*$/)), name] as const),
    ),
  );
}

function boundaryOf({ dimensions }: RaisedAlarm, boundaries: ReadonlyMap<string, string>): string | undefined {
  for (const { namespace, name, value } of dimensions) {
    if (namespace !== METRIC_NAMESPACE) {
      const found = boundaries.get(value);
      if (found !== undefined) return found;
    } else if (name === BOUNDARY_DIMENSION && [...boundaries.values()].includes(value)) {
      return value;
    }
  }
  return undefined;
}
