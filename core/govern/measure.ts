/** The rates of a queue, events a second, over the time that they were counted in. */
export interface Rates {
  readonly productionRate: number;
  readonly consumptionRate: number;
}

/**
 * Seconds until a backlog is worked off if the rates stay as they are: backlog / (consumption - production). 0 for no backlog, infinite when
 * production isn't below consumption.
 */
export function drainSeconds(backlog: number, { productionRate, consumptionRate }: Rates): number {
  if (backlog <= 0) return 0;
  const net = consumptionRate - productionRate;
  // Rates are quotients: what differs by less than their rounding is equal.
  return net > consumptionRate * 1e-9 ? backlog / net : Number.POSITIVE_INFINITY;
}

/** Production by consumption: 1 is exactly kept up with, above it the backlog grows; undefined while nothing is consumed. */
export function utilisation({ productionRate, consumptionRate }: Rates): number | undefined {
  return consumptionRate > 0 ? productionRate / consumptionRate : undefined;
}

/**
 * What was produced follows from what was consumed and how the backlog changed: counts that are there at once, where the queue's own count
 * of sent messages comes minutes later. Never below 0.
 *
 * @param backlogs at the beginning and at the end of the time
 */
export function ratesOf(consumed: number, backlogs: readonly [number, number], seconds: number): Rates {
  const produced = Math.max(0, consumed + backlogs[1] - backlogs[0]);
  return { productionRate: produced / seconds, consumptionRate: consumed / seconds };
}

/** What the relay last said. */
export interface RelayProgress {
  /** Milliseconds from commit to published of the oldest record of the newest batch. */
  readonly delayMs: number;
  /** When it said so, epoch milliseconds. */
  readonly atMs: number;
  /** Records a second that it saw while it last saw any. */
  readonly rate: number;
}

/** What waits in an owner's stream. */
export interface StreamBacklog {
  /** How long its oldest record has waited. */
  readonly ageSeconds: number;
  readonly records: number;
  /** Records a second that come, heartbeats included. */
  readonly rate: number;
}

/**
 * What waits in an owner's stream: how long its oldest record has waited, and by the rate at which they came, how many do. A heartbeat
 * passes every interval, so a relay that says nothing for longer is behind by that silence.
 *
 * @param quietMs how long a relay that keeps up may say nothing: an interval and the delay of the metrics
 */
export function streamBacklog(progress: RelayProgress | undefined, nowMs: number, quietMs: number): StreamBacklog {
  if (progress === undefined) return { ageSeconds: 0, records: 0, rate: 0 };
  const { rate } = progress;
  const silenceMs = nowMs - progress.atMs;
  const ageMs = progress.delayMs + (silenceMs > quietMs ? silenceMs : 0);
  return { ageSeconds: ageMs / 1000, records: Math.round((ageMs / 1000) * rate), rate };
}
