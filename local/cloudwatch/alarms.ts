import type { InvokeResult } from '../lambda/invoke-result.ts';
import { type Alarm, type CompositeAlarm, functionOfAction, notEmulatedOf } from './alarm-definition.ts';
import { alarmArn, alarmEvent, type Place, type StateOfAlarm } from './alarm-event.ts';
import type { AlarmState } from './alarm-state.ts';
import { evaluateMetric } from './evaluate-metric.ts';
import type { MetricStore } from './metric-store.ts';

/** The current state of an alarm. */
export interface AlarmStatus {
  readonly name: string;
  readonly arn: string;
  readonly type: 'MetricAlarm' | 'CompositeAlarm';
  readonly description: string | undefined;
  readonly state: AlarmState;
  readonly reason: string;
  /** When the alarm entered the state, in milliseconds since the epoch. */
  readonly sinceMs: number;
  /** Parts of the alarm that aren't emulated: actions other than functions, an actions suppressor. */
  readonly notEmulated: readonly string[];
  /** The template's properties, which have the API's names. */
  readonly properties: Readonly<Record<string, unknown>>;
}

/** The alarms that the templates declare. */
export interface Alarms {
  list(): AlarmStatus[];
  /**
   * Evaluates all alarms on the periods that end with the second of `nowMs`, unless a later second was evaluated
   * already. Resolves when the functions that are actions have answered.
   * @param nowMs milliseconds since the epoch. Default: now
   */
  evaluate(nowMs?: number): Promise<void>;
  /** The alarms that can't be evaluated locally, with the reason. They stay in INSUFFICIENT_DATA. */
  readonly notEvaluated: readonly { readonly name: string; readonly reason: string }[];
  /** Adds an alarm. Throws if the name is taken. */
  add(alarm: Alarm): { readonly arn: string };
  remove(name: string): void;
}

export interface AlarmsOptions extends Place {
  readonly metrics: MetricStore;
  readonly now: () => number;
  /** The length of a minute of a period, in milliseconds. */
  readonly minuteMs: number;
  /** Invokes a function that is an action. @param alarmArn the alarm that has the action */
  invoke(functionName: string, event: object, alarmArn: string): Promise<InvokeResult>;
  onFailure(functionName: string, reason: string): void;
}

interface Watched {
  readonly alarm: Alarm;
  state: StateOfAlarm;
}

/** Creates an empty set of alarms. */
export function createAlarms(options: AlarmsOptions): Alarms {
  const watched = new Map<string, Watched>();
  let evaluatedMs = Number.NEGATIVE_INFINITY;
  const createdMs = options.now();

  /** Enters a state if it differs from the current one. Resolves when the actions are done. */
  async function enter(one: Watched, value: AlarmState, reason: string, nowMs: number): Promise<void> {
    if (one.state.value === value) {
      // The reason for missing data may change. The other states keep the reason for which they were entered.
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

  /** Evaluates composite alarms, whose rules may name other composite alarms. */
  async function evaluateComposites(composites: readonly CompositeAlarm[], nowMs: number): Promise<void> {
    const actions: Promise<void>[] = [];
    // An alarm's rule may name alarms that are evaluated later. So each round settles at least one more level of
    // alarms. The limited number of rounds also ends the evaluation of alarms that name each other in a circle.
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

  /** Why an alarm can't be evaluated. The alarms that a composite alarm names must exist. */
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
      if (watched.has(alarm.name)) throw new Error(`the alarm ${alarm.name} already exists`);
      const reason = 'Unchecked: Initial alarm creation';
      watched.set(alarm.name, { alarm, state: { value: 'INSUFFICIENT_DATA', reason, sinceMs: options.now() } });
      return { arn: alarmArn(alarm.name, options) };
    },
    remove: (name) => void watched.delete(name),
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
          const found = evaluateMetric(one.alarm, endMs, createdMs, options);
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
