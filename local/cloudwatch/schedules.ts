import { randomUUID } from 'node:crypto';
import type { InvokeResult } from '../lambda/invoke-result.ts';
import type { Place } from './alarm-event.ts';

/** A rule that invokes functions again and again. */
export interface ScheduleRule {
  readonly name: string;
  readonly everyMinutes: number;
  readonly enabled: boolean;
  /** `input` replaces the event that EventBridge would send. */
  readonly targets: readonly { functionName: string; input?: unknown }[];
}

/** The schedules that the templates declare. */
export interface Schedules {
  list(): ScheduleRule[];
  /**
   * Invokes the targets of a rule, or a function by what its rules send it, at once; resolves when they have answered.
   * @param name of a rule or of a function. Throws if neither is scheduled
   */
  runNow(name: string): Promise<void>;
  /** The same for all rules that are enabled. */
  runAll(): Promise<void>;
  /** Throws if the name is taken. */
  add(rule: ScheduleRule): { arn: string };
  /** Lets the time begin: each rule fires one period from now. */
  start(): void;
  stop(): void;
}

export interface SchedulesOptions extends Place {
  readonly now: () => number;
  /** How long a minute of a schedule lasts. */
  readonly minuteMs: number;
  /** @param ruleArn of the rule whose target it is */
  invoke(functionName: string, event: unknown, ruleArn: string): Promise<InvokeResult>;
  onFailure(functionName: string, reason: string): void;
  /** Calls back again and again; returns how to end that. @default - setInterval, without keeping the process alive */
  readonly every?: (ms: number, callback: () => void) => () => void;
}

/** Of Node: what is longer fires at once. No local cloud lives so long. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

const UNIT_MINUTES: Readonly<Record<string, number>> = { minute: 1, hour: 60, day: 24 * 60 };

/**
 * Minutes of a rate expression. Throws for cron, which is not emulated, and for what EventBridge refuses, such as `rate(1 minutes)`
 * (eventbridge/latest/userguide/eb-rate-expressions).
 */
export function readRate(expression: string): number {
  const [, count = '', unit = '', plural = ''] = /^rate\(\s*(\d+) (minute|hour|day)(s?)\s*\)$/.exec(expression) ?? [];
  const minutes = Number(count) * (UNIT_MINUTES[unit] ?? 0);
  if (minutes > 0 && (plural === 's') === Number(count) > 1) return minutes;
  if (expression.startsWith('cron(')) throw new Error(`the schedule ${expression} is not emulated; rate(...) is`);
  throw new Error(
    `the schedule ${expression} is invalid; such as rate(1 minute), rate(5 minutes), rate(2 hours) are allowed`,
  );
}

/** Creates a set of schedules, empty still. */
export function createSchedules(options: SchedulesOptions): Schedules {
  const { every = realInterval } = options;
  const rules = new Map<string, ScheduleRule>();
  const ends: (() => void)[] = [];
  const arnOf = ({ name }: ScheduleRule) => `arn:aws:events:${options.region}:${options.accountId}:rule/${name}`;

  async function fire(rule: ScheduleRule, targets = rule.targets): Promise<void> {
    const event = scheduledEvent(arnOf(rule), options);
    await Promise.all(
      targets.map((target) => invoke(rule, target.functionName, 'input' in target ? target.input : event)),
    );
  }

  async function invoke(rule: ScheduleRule, functionName: string, event: unknown): Promise<void> {
    try {
      const result = await options.invoke(functionName, event, arnOf(rule));
      if (!result.ok) options.onFailure(functionName, `[schedule ${rule.name}] ${result.error}: ${result.message}`);
    } catch (error) {
      options.onFailure(functionName, `[schedule ${rule.name}] ${String(error)}`);
    }
  }

  return {
    list: () => [...rules.values()],
    add(rule) {
      if (rules.has(rule.name)) throw new Error(`there is a rule ${rule.name} already`);
      rules.set(rule.name, rule);
      return { arn: arnOf(rule) };
    },
    async runNow(name) {
      const rule = rules.get(name);
      if (rule) return fire(rule);
      const runs = [...rules.values()].flatMap((each) => {
        const targets = each.targets.filter(({ functionName }) => functionName === name);
        return targets.length > 0 ? [fire(each, targets)] : [];
      });
      if (runs.length === 0)
        throw new Error(`no rule ${name}, nor one that invokes it; rules are: ${[...rules.keys()].join(', ')}`);
      await Promise.all(runs);
    },
    async runAll() {
      await Promise.all([...rules.values()].filter(({ enabled }) => enabled).map((rule) => fire(rule)));
    },
    start() {
      for (const rule of rules.values()) {
        const periodMs = rule.everyMinutes * options.minuteMs;
        if (rule.enabled && periodMs <= LONGEST_TIMER_MS) ends.push(every(periodMs, () => void fire(rule)));
      }
    },
    stop() {
      for (const end of ends.splice(0)) end();
    },
  };
}

/** eventbridge/latest/userguide/eb-run-lambda-schedule */
function scheduledEvent(ruleArn: string, { now, region, accountId }: SchedulesOptions): object {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: accountId,
    time: new Date(now()).toISOString().replace(/\.\d+Z$/, 'Z'),
    region,
    resources: [ruleArn],
    detail: {},
  };
}

/** Without keeping the process alive. */
export function realInterval(ms: number, callback: () => void): () => void {
  const timer = setInterval(callback, ms);
  timer.unref();
  return () => clearInterval(timer);
}
