/** Average rates of a queue over a period, in events a second. */
export interface Rates {
  readonly productionRate: number;
  readonly consumptionRate: number;
}

/** Rates are quotients, so rates that differ by less than this share of the consumption rate count as equal. */
const ROUNDING = 1e-9;

/**
 * Returns the seconds until a backlog is empty at the current rates: backlog / (consumption - production). 0 if there
 * is no backlog, infinite if production isn't below consumption.
 */
export function drainSeconds(backlog: number, { productionRate, consumptionRate }: Rates): number {
  if (backlog <= 0) return 0;
  const net = consumptionRate - productionRate;
  return net > consumptionRate * ROUNDING ? backlog / net : Number.POSITIVE_INFINITY;
}

/** Returns production divided by consumption; above 1 the backlog grows. Undefined if nothing is consumed. */
export function utilisation({ productionRate, consumptionRate }: Rates): number | undefined {
  return consumptionRate > 0 ? productionRate / consumptionRate : undefined;
}

/**
 * Returns the rates of a period. The production is the consumption plus the growth of the backlog, and at least 0. Both
 * counts are available at once, whereas the queue's own metric of sent messages arrives minutes later.
 *
 * @param consumed events that ended in the period
 * @param backlogs at the beginning and at the end of the period
 * @param seconds length of the period
 */
export function ratesOf(consumed: number, backlogs: readonly [number, number], seconds: number): Rates {
  const produced = Math.max(0, consumed + backlogs[1] - backlogs[0]);
  return { productionRate: produced / seconds, consumptionRate: consumed / seconds };
}

/** The relay's last metrics. */
export interface RelayProgress {
  /** Milliseconds from commit to publication for the oldest record of the last batch. */
  readonly delayMs: number;
  /** When the relay published that batch, epoch milliseconds. */
  readonly atMs: number;
  /** Records a second in the last interval that had any. */
  readonly rate: number;
}

/** The records that wait in an owner's stream. */
export interface StreamBacklog {
  /** How long the oldest record has waited. */
  readonly ageSeconds: number;
  /** Estimated number of waiting records. */
  readonly records: number;
  /** Versions a second that are written to the stream, without heartbeats. */
  readonly rate: number;
  /** Whether the relay's metrics couldn't be read. The other values are then 0. Default: they could. */
  readonly isUnmeasured?: boolean;
}

/**
 * Estimates the records that wait in an owner's stream: the age of the oldest one, and their number from the rate at
 * which they arrived. A heartbeat passes every interval, so a relay that is silent for longer than `quietMs` is behind
 * by its silence.
 *
 * @param progress undefined if the relay published nothing lately; `unread` if its metrics can't be read
 * @param quietMs how long a relay without backlog may be silent: an interval and the delay of the metrics
 */
export function streamBacklog(
  progress: RelayProgress | 'unread' | undefined,
  nowMs: number,
  quietMs: number,
): StreamBacklog {
  if (progress === 'unread') return { ageSeconds: 0, records: 0, rate: 0, isUnmeasured: true };
  if (progress === undefined) return { ageSeconds: 0, records: 0, rate: 0 };
  const { rate } = progress;
  const silenceMs = nowMs - progress.atMs;
  const ageMs = progress.delayMs + (silenceMs > quietMs ? silenceMs : 0);
  return { ageSeconds: ageMs / 1000, records: Math.round((ageMs / 1000) * rate), rate };
}
