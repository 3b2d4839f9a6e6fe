import type { InvokeResult } from '../lambda/invoke-result.ts';
import {
  type Alarm,
  type CompositeAlarm,
  functionOfAction,
  type MetricAlarm,
  notEmulatedOf,
} from './alarm-definition.ts';
import { alarmArn, alarmEvent, type Place, type StateOfAlarm } from './alarm-event.ts';
import { type AlarmCondition, type AlarmState, evaluationRange, reasonOf, stateOf } from './alarm-state.ts';
import { metricData } from './metric-data.ts';
import type { MetricStore } from './metric-store.ts';

/** How an alarm stands. */
export interface AlarmStatus {
  readonly name: string;
  readonly arn: string;
  readonly type: 'MetricAlarm' | 'CompositeAlarm';
  readonly description: string | undefined;
  readonly state: AlarmState;
  readonly reason: string;
  /** When it entered the state, in milliseconds since the epoch. */
  readonly sinceMs: number;
  /** What it would do on AWS and does not here: actions other than functions, an actions suppressor. */
  readonly notEmulated: readonly string[];
  /** As in the template, whose names are the API's. */
  readonly properties: Readonly<Record<string, unknown>>;
}

/** The alarms that the templates declare. */
export interface Alarms {
  list(): AlarmStatus[];
  /**
   * Evaluates all alarms on the periods that end with this second, unless a later one was evaluated already; resolves when the functions that are actions have answered.
   * @param nowMs milliseconds since the epoch. @default - now
   */
  evaluate(nowMs?: number): Promise<void>;
  /** Alarms that can't be evaluated here, and why: they stay in INSUFFICIENT_DATA. */
  readonly notEvaluated: readonly { name: string; reason: string }[];
  /** Throws if the name is taken. */
  add(alarm: Alarm): { arn: string };
}

export interface AlarmsOptions extends Place {
  readonly metrics: MetricStore;
  readonly now: () => number;
  /** How long a minute of a period lasts. */
  readonly minuteMs: number;
  /** @param alarmArn of the alarm whose action it is */
  invoke(functionName: string, event: object, alarmArn: string): Promise<InvokeResult>;
  onFailure(functionName: string, reason: string): void;
}

interface Watched {
  readonly alarm: Alarm;
  state: StateOfAlarm;
}

/** A period in local time, in whole seconds: a finer one is not recorded. */
export function scaledPeriodMs(periodSeconds: number, minuteMs: number): number {
  return Math.max(1, Math.round((periodSeconds * minuteMs) / 60_000)) * 1000;
}

/** Creates a set of alarms, empty still. */
export function createAlarms(options: AlarmsOptions): Alarms {
  const watched = new Map<string, Watched>();
  let evaluatedMs = Number.NEGATIVE_INFINITY;
  const createdMs = options.now();

  /** Enters a state if it is another one; resolves when the actions are done. */
  async function enter(one: Watched, value: AlarmState, reason: string, nowMs: number): Promise<void> {
    if (one.state.value === value) {
      // Why there still is no data may have changed; the other states keep the reason for which they were entered.
      if (value === 'INSUFFICIENT_DATA') one.state = { ...one.state, reason };
      return;
    }
    const previous = one.state;
    one.state = { value, reason, sinceMs: nowMs };
    const { alarm } = one;
    if (!alarm.actionsEnabled) return;
    const event = alarmEvent(alarm, one.state, previous, options);
    await Promise.all(alarm.actions[value].map((action) => act(alarm.name, action, event)));
  }

  async function act(alarmName: string, action: string, event: object): Promise<void> {
    const functionName = functionOfAction(action);
    if (functionName === undefined) return;
    try {
      const result = await options.invoke(functionName, event, alarmArn(alarmName, options));
      if (!result.ok)
        options.onFailure(functionName, `[action of alarm ${alarmName}] ${result.error}: ${result.message}`);
    } catch (error) {
      options.onFailure(functionName, `[action of alarm ${alarmName}] ${String(error)}`);
    }
  }

  function evaluateMetric(alarm: MetricAlarm, endMs: number): { state: AlarmState; reason: string } | undefined {
    const periodMs = scaledPeriodMs(alarm.periodSeconds, options.minuteMs);
    // Nothing could be measured before the start: that nothing was is no silence yet.
    const isYoung = endMs - alarm.condition.evaluationPeriods * periodMs < createdMs;
    const condition: AlarmCondition =
      isYoung && alarm.condition.missingData === 'breaching'
        ? { ...alarm.condition, missingData: 'missing' }
        : alarm.condition;
    const startMs = endMs - evaluationRange(condition) * periodMs;
    const starts = Array.from({ length: evaluationRange(condition) }, (_, index) => startMs + index * periodMs);
    const scale = (seconds: number) => scaledPeriodMs(seconds, options.minuteMs);
    try {
      const results = metricData(alarm.queries, options.metrics, { startOf: () => startMs, endMs, scale });
      const series = results.flatMap((result) => result.series);
      const [only] = series;
      if (!only || series.length > 1) throw new Error(`its expression gives ${series.length} time series, not one`);
      const range = starts.map((atMs) => only.points.get(atMs));
      const state = stateOf(range, condition);
      return state && { state, reason: reasonOf(range, starts, condition, state) };
    } catch (error) {
      return { state: 'INSUFFICIENT_DATA', reason: error instanceof Error ? error.message : String(error) };
    }
  }

  /** Composite alarms look at the states of others, which may be composite too. */
  async function evaluateComposites(composites: readonly CompositeAlarm[], nowMs: number): Promise<void> {
    const actions: Promise<void>[] = [];
    // Each round settles at least one more level; a circle ends with the rounds.
    for (let round = 0; round < composites.length; round += 1) {
      for (const { name, rule, text } of composites) {
        const one = watched.get(name);
        const value = rule.holds(stateOfAlarm) ? 'ALARM' : 'OK';
        const states = [...rule.alarms].map((each) => `${each} is ${stateOfAlarm(each)}`).join(', ');
        if (one) actions.push(enter(one, value, `${text} is ${value === 'ALARM'}: ${states}`, nowMs));
      }
    }
    await Promise.all(actions);
  }

  const stateOfAlarm = (name: string): AlarmState => watched.get(name)?.state.value ?? 'INSUFFICIENT_DATA';

  /** Why an alarm can't be evaluated; a composite one names others that there must be. */
  function problemOf(alarm: Alarm): string | undefined {
    if (alarm.type === 'MetricAlarm') return alarm.problem;
    const missing = [...alarm.rule.alarms].filter((name) => !watched.has(name));
    return missing.length > 0 ? `there is no alarm ${missing.join(', ')}` : undefined;
  }

  const notEvaluated = () =>
    [...watched.values()].flatMap(({ alarm }) => {
      const reason = problemOf(alarm);
      return reason === undefined ? [] : [{ name: alarm.name, reason }];
    });

  return {
    get notEvaluated() {
      return notEvaluated();
    },
    add(alarm) {
      if (watched.has(alarm.name)) throw new Error(`there is an alarm ${alarm.name} already`);
      const reason = 'Unchecked: Initial alarm creation';
      watched.set(alarm.name, { alarm, state: { value: 'INSUFFICIENT_DATA', reason, sinceMs: options.now() } });
      return { arn: alarmArn(alarm.name, options) };
    },
    list: () => [...watched.values()].map((one) => statusOf(one, problemOf(one.alarm), options)),
    async evaluate(nowMs = options.now()) {
      const endMs = Math.ceil(nowMs / 1000) * 1000;
      if (endMs < evaluatedMs) return;
      evaluatedMs = endMs;
      const actions: Promise<void>[] = [];
      const composites: CompositeAlarm[] = [];
      for (const one of watched.values()) {
        if (problemOf(one.alarm) !== undefined) continue;
        if (one.alarm.type === 'CompositeAlarm') composites.push(one.alarm);
        else {
          const found = evaluateMetric(one.alarm, endMs);
          if (found) actions.push(enter(one, found.state, found.reason, nowMs));
        }
      }
      await Promise.all([...actions, evaluateComposites(composites, nowMs)]);
    },
  };
}

function statusOf({ alarm, state }: Watched, problem: string | undefined, place: Place): AlarmStatus {
  const { name, type, description, properties } = alarm;
  return {
    name,
    arn: alarmArn(name, place),
    type,
    description,
    state: state.value,
    reason: problem === undefined ? state.reason : `Not evaluated locally: ${problem}`,
    sinceMs: state.sinceMs,
    notEmulated: notEmulatedOf(alarm),
    properties,
  };
}
