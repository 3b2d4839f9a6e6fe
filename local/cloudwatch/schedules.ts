import { randomUUID } from 'node:crypto';
import type { InvokeResult } from '../lambda/invoke-result.ts';
import type { Place } from './alarm-event.ts';

/** A rule that invokes functions at a fixed rate. */
export interface ScheduleRule {
  readonly name: string;
  readonly everyMinutes: number;
  readonly enabled: boolean;
  /**
   * The event that the rule's stack was deployed, if the rule matches it too, with the name of the stack.
   * @default - the rule has no such pattern
   */
  readonly deployed?: { readonly stack: string; readonly event: object };
  /** `input` replaces the event that EventBridge would send. */
  readonly targets: readonly { readonly functionName: string; readonly input?: unknown }[];
}

/** The schedules that the templates declare. */
export interface Schedules {
  list(): ScheduleRule[];
  /**
   * Given the name of a rule, invokes the rule's targets at once. Given the name of a function, invokes the function
   * once for each rule that has it as a target. Resolves when the functions have answered. Throws for any other name.
   * @param name the name of a rule or of a function
   */
  runNow(name: string): Promise<void>;
  /** Invokes the targets of all enabled rules. */
  runAll(): Promise<void>;
  /**
   * Adds a rule. Throws if the name is taken. After the start, the rule's timer begins at once; the event of its stack
   * comes with `deployed`.
   */
  add(rule: ScheduleRule): { readonly arn: string };
  remove(name: string): void;
  /**
   * Starts the timers. Each rule fires for the first time one period from now. A rule that matches the event of its
   * deployed stack also fires at once; resolves when the functions that it invokes have answered.
   */
  start(): Promise<void>;
  /**
   * After the start: fires the rules that match the events of deployed stacks. Resolves when the functions that they
   * invoke have answered.
   */
  deployed(stacks: readonly string[]): Promise<void>;
  stop(): void;
}

export interface SchedulesOptions extends Place {
  readonly now: () => number;
  /** The length of a minute of a schedule, in milliseconds. */
  readonly minuteMs: number;
  /** Invokes a function that is a target. @param ruleArn the rule that has the target */
  invoke(functionName: string, event: unknown, ruleArn: string): Promise<InvokeResult>;
  onFailure(functionName: string, reason: string): void;
  /**
   * Starts a repeated timer and returns a function that stops it.
   * @default - setInterval that doesn't keep the process alive
   */
  readonly every?: (ms: number, callback: () => void) => () => void;
}

/** Node fires longer timers at once. So rules with longer periods get no timer; no local cloud runs that long. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

const UNIT_MINUTES: Readonly<Record<string, number>> = { minute: 1, hour: 60, day: 24 * 60 };

/**
 * The minutes of a rate expression. Throws for cron expressions, which are not emulated, and for expressions that
 * EventBridge refuses, such as `rate(1 minutes)` (eventbridge/latest/userguide/eb-rate-expressions).
 */
export function readRate(expression: string): number {
  const [, count = '', unit = '', plural = ''] = /^rate\(\s*(\d+) (minute|hour|day)(s?)\s*\)$/.exec(expression) ?? [];
  const minutes = Number(count) * (UNIT_MINUTES[unit] ?? 0);
  if (minutes > 0 && (plural === 's') === Number(count) > 1) return minutes;
  if (expression.startsWith('cron('))
    throw new Error(`the schedule ${expression} is not emulated. Emulated: rate(...)`);
  throw new Error(
    `the schedule ${expression} is invalid. Examples of valid schedules: rate(1 minute), rate(5 minutes), rate(2 hours)`,
  );
}

/** Creates an empty set of schedules. */
export function createSchedules(options: SchedulesOptions): Schedules {
  const { every = realInterval } = options;
  const rules = new Map<string, ScheduleRule>();
  const ends = new Map<string, () => void>();
  let isStarted = false;
  const arnOf = ({ name }: ScheduleRule) => `arn:aws:events:${options.region}:${options.accountId}:rule/${name}`;

  async function fire(
    rule: ScheduleRule,
    targets = rule.targets,
    event: object = scheduledEvent(arnOf(rule), options),
  ): Promise<void> {
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

  function startTimer(rule: ScheduleRule): void {
    if (!rule.enabled) return;
    const periodMs = rule.everyMinutes * options.minuteMs;
    if (periodMs <= LONGEST_TIMER_MS)
      ends.set(
        rule.name,
        every(periodMs, () => void fire(rule)),
      );
  }

  async function fireDeployed(rule: ScheduleRule): Promise<void> {
    if (rule.enabled && rule.deployed !== undefined) await fire(rule, rule.targets, rule.deployed.event);
  }

  return {
    list: () => [...rules.values()],
    add(rule) {
      if (rules.has(rule.name)) throw new Error(`the rule ${rule.name} already exists`);
      rules.set(rule.name, rule);
      if (isStarted) startTimer(rule);
      return { arn: arnOf(rule) };
    },
    remove(name) {
      rules.delete(name);
      ends.get(name)?.();
      ends.delete(name);
    },
    async runNow(name) {
      const rule = rules.get(name);
      if (rule) return fire(rule);
      const runs = [...rules.values()].flatMap((each) => {
        const targets = each.targets.filter(({ functionName }) => functionName === name);
        return targets.length > 0 ? [fire(each, targets)] : [];
      });
      if (runs.length === 0)
        throw new Error(
          `no rule ${name}, and no rule invokes a function ${name}. Rules: ${[...rules.keys()].join(', ') || 'none'}`,
        );
      await Promise.all(runs);
    },
    async runAll() {
      await Promise.all([...rules.values()].filter(({ enabled }) => enabled).map((rule) => fire(rule)));
    },
    async start() {
      isStarted = true;
      for (const rule of rules.values()) startTimer(rule);
      await Promise.all([...rules.values()].map(fireDeployed));
    },
    async deployed(stacks) {
      const matching = [...rules.values()].filter((rule) => stacks.includes(rule.deployed?.stack ?? ''));
      await Promise.all(matching.map(fireDeployed));
    },
    stop() {
      isStarted = false;
      for (const end of ends.values()) end();
      ends.clear();
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

/** A repeated timer that doesn't keep the process alive. */
export function realInterval(ms: number, callback: () => void): () => void {
  const timer = setInterval(callback, ms);
  timer.unref();
  return () => clearInterval(timer);
}
