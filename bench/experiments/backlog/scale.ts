/** How long a minute of schedules, reports and alarms takes here: the experiment runs in real time, sixty times as fast. */
export const MINUTE_MS = 1_000;

/** The backlog at which writes are refused. */
export const HIGH_WATER = 2_000;

/** What a write to the cache's table takes. */
export const WRITE_MS = 150;
