import type { Messaging } from '../fifo/messaging.ts';
import { type AsyncInvocations, createAsyncInvocations } from '../lambda/async-invocations.ts';
import type { FunctionHost } from '../lambda/host.ts';
import { type Alarms, createAlarms } from './alarms.ts';
import { createSampler } from './aws-metrics.ts';
import { scaledPeriodMs } from './evaluate-metric.ts';
import { createInsightRules, type InsightRules } from './insight-rules.ts';
import type { MetricStore } from './metric-store.ts';
import { createSchedules, realInterval, type Schedules } from './schedules.ts';

/** CloudWatch's metrics, alarms and insight rules, and EventBridge's schedules. */
export interface CloudWatch {
  readonly now: () => number;
  readonly metrics: MetricStore;
  readonly alarms: Alarms;
  readonly insightRules: InsightRules;
  readonly schedules: Schedules;
  /** The invocations by alarms and schedules, which Lambda retries. */
  readonly asyncInvocations: AsyncInvocations;
  /**
   * Starts the timers: a sample each second, the schedules, and an evaluation of the alarms each minute. Resolves when
   * the functions that run after a deployment have answered.
   */
  start(): Promise<void>;
  /** Fires all schedules once and waits for their functions, then evaluates the alarms and waits for their actions. */
  tick(): Promise<void>;
  stop(): void;
}

export interface CloudWatchOptions {
  readonly messaging: Messaging;
  readonly functions: Pick<FunctionHost, 'invoke'>;
  readonly metrics: MetricStore;
  readonly region: string;
  readonly accountId: string;
  /** The length of a minute for schedules, alarms and the retries of their invocations; a multiple of 1000. */
  readonly minuteMs: number;
  /** Throws if a service may not invoke a function for its rule or alarm. @default - every service may */
  readonly checkInvoke?: (service: string, sourceArn: string, functionName: string) => void;
  /** Called with the reason why an invocation by a schedule or an alarm failed. */
  onFailure(functionName: string, reason: string): void;
}

const SAMPLE_MS = 1000;
/**
 * A minute is evaluated after a pause, because log lines of its last second may arrive late. The pause is this share of
 * a minute, up to the maximum below.
 */
const SETTLE_SHARE = 0.2;
const LONGEST_SETTLE_MS = 200;
/** The maximum number of minutes that are evaluated late if the process was too busy. */
const MOST_MISSED_MINUTES = 10;

/** Creates a CloudWatch. Its timers begin with `start`. */
export function createCloudWatch(options: CloudWatchOptions): CloudWatch {
  const { messaging, functions, metrics, minuteMs, onFailure, checkInvoke = () => {}, ...place } = options;
  if (!Number.isInteger(minuteMs / 1000) || minuteMs <= 0)
    throw new RangeError(
      `minuteMs must be a multiple of 1000, because metrics are recorded by the second. Given: ${minuteMs}.`,
    );
  const { now } = messaging;
  const asyncInvocations = createAsyncInvocations({
    minuteMs,
    now,
    invoke: (name, event) => functions.invoke(name, event),
    onDiscard: (name, reason) => onFailure(name, `[asynchronous invocation] discarded: ${reason}`),
  });
  const invokeFor = (service: string) => async (name: string, event: unknown, sourceArn: string) => {
    checkInvoke(service, sourceArn, name);
    return asyncInvocations.invoke(name, event);
  };
  const shared = { ...place, now, minuteMs, onFailure };
  const alarms = createAlarms({ ...shared, metrics, invoke: invokeFor('lambda.alarms.cloudwatch.amazonaws.com') });
  const schedules = createSchedules({ ...shared, invoke: invokeFor('events.amazonaws.com') });
  const insightRules = createInsightRules({ ...place, now });
  const { sample } = createSampler(messaging, metrics);
  const ends: (() => void)[] = [];

  return {
    now,
    metrics,
    alarms,
    insightRules,
    schedules,
    asyncInvocations,
    start() {
      ends.push(realInterval(SAMPLE_MS, sample), eachMinute(now, scaledPeriodMs(60, minuteMs), alarms));
      return schedules.start();
    },
    async tick() {
      await schedules.runAll();
      sample();
      await alarms.evaluate();
    },
    stop() {
      for (const end of ends.splice(0)) end();
      schedules.stop();
      asyncInvocations.stop();
    },
  };
}

/**
 * Evaluates the alarms shortly after each minute. The evaluated periods end with the minute, so that each second counts
 * once.
 */
function eachMinute(now: () => number, minuteMs: number, alarms: Alarms): () => void {
  const settleMs = Math.min(LONGEST_SETTLE_MS, minuteMs * SETTLE_SHARE);
  const endOf = (atMs: number) => Math.floor((atMs - settleMs) / minuteMs) * minuteMs;
  let evaluatedMs = endOf(now());
  let timer: NodeJS.Timeout | undefined;
  function wait(): void {
    timer = setTimeout(run, Math.max(1, evaluatedMs + minuteMs + settleMs - now()));
    timer.unref();
  }
  function run(): void {
    const lastMs = endOf(now());
    evaluatedMs = Math.max(evaluatedMs, lastMs - MOST_MISSED_MINUTES * minuteMs);
    while (evaluatedMs < lastMs) {
      evaluatedMs += minuteMs;
      // `onFailure` reports failures of actions. The timer doesn't wait for the actions.
      void alarms.evaluate(evaluatedMs);
    }
    wait();
  }
  wait();
  return () => clearTimeout(timer);
}
