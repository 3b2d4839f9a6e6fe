/** The length of a minute of schedules, reports and alarms. The experiment uses a real clock with shorter minutes. */
export const MINUTE_MS = 1_000;

/** The backlog at which writes are refused. */
export const HIGH_WATER = 2_000;

/** The duration of a write to the cache's table. */
export const WRITE_MS = 150;
