/** From this age on, an event is old: heartbeats arrive every minute, and events normally wait for seconds. */
export const OLD_SECONDS = 5 * 60;

/** From this age on, a fact is late. Facts are normally processed within seconds. */
export const LATE_SECONDS = 15 * 60;

/**
 * From this use of the stream's 24 hours on, in percent, an alarm is raised: 2.4 hours are used, and 21.6 hours are
 * left to fix the relay.
 */
export const STREAM_USE_PERCENT = 10;
