import { Duration } from 'aws-cdk-lib';
import { LIMITS } from '../limits.ts';
import { TOMBSTONE_MARGIN } from '../local-cache-props.ts';
import { deadLetterTarget } from './dead-letter-rules.ts';
import { below, consumedQueues, numberOr, ownOf, type Plan, type Problem, type Rendered, TYPE } from './plan.ts';

const TOMBSTONE_LIFE = 'TOMBSTONE_LIFE_SECONDS';
const MAX_EVENT_AGE = 'MAX_EVENT_AGE_SECONDS';

/** The environment variables that limit the age of the messages a function accepts. */
const LIVES = [MAX_EVENT_AGE, 'REPORT_LIFE_SECONDS'];

const LONGEST = LIMITS.maxRetention.toSeconds();

/** A tombstone lives longer than the maximum event age, and all functions use the same two values. */
export function tombstonesOutliveEvents(plan: Plan): readonly Problem[] {
  const functions = ownOf(plan, TYPE.function).filter(
    (one) => environment(one, TOMBSTONE_LIFE) !== undefined || environment(one, MAX_EVENT_AGE) !== undefined,
  );
  return [...functions.flatMap(tooShort), ...disagreements(functions)];
}

function tooShort(one: Rendered): readonly Problem[] {
  const life = numberOr(environment(one, TOMBSTONE_LIFE), undefined);
  const age = numberOr(environment(one, MAX_EVENT_AGE), undefined);
  if (life === undefined || age === undefined || life >= age + TOMBSTONE_MARGIN.toSeconds()) return [];
  return [
    {
      path: one.path,
      what: `${TOMBSTONE_LIFE} is ${text(life)}, but ${MAX_EVENT_AGE} is ${text(age)}`,
      why: 'after the tombstone has expired, an older event that returns would bring the deleted entity back',
      page: 'ddb/TTL',
      fix:
        `make the first at least ${TOMBSTONE_MARGIN.toHumanString()} longer than the second: remove the override ` +
        'and set the props tombstoneLife and maxEventAge',
    },
  ];
}

/** Values that must be the same in all functions of a cache, but differ. */
function disagreements([first, ...others]: readonly Rendered[]): readonly Problem[] {
  if (first === undefined) return [];
  return others.flatMap((other) =>
    [TOMBSTONE_LIFE, MAX_EVENT_AGE].flatMap((name) => {
      const [here, there] = [first, other].map((one) => JSON.stringify(environment(one, name)) ?? 'not given');
      if (here === there) return [];
      return {
        path: other.path,
        what: `${name} is ${there} here, but ${here} in ${first.path}`,
        why:
          'one function would apply an event that the other one parks as too old, after the tombstone that ' +
          'protects against it has expired',
        page: 'ddb/TTL' as const,
        fix:
          'remove the override and set the props tombstoneLife and maxEventAge, which set the value for both ' +
          'functions',
      };
    }),
  );
}

/**
 * A queue keeps messages as long as its consumer accepts them; a dead-letter queue keeps them at least as long as its
 * source.
 */
export function queuesKeepUsableMessages(plan: Plan): readonly Problem[] {
  const queues = ownOf(plan, TYPE.queue);
  const consumed = consumedQueues(plan);
  const keepers = keepersOf(plan);
  const short = [...new Set([...queues, ...keepers.map(({ keeper }) => keeper)])].flatMap((queue) => {
    const consumers = consumed.filter((one) => one.queue === queue).map(({ consumer }) => consumer);
    return tooShortlyKept(queue, consumers);
  });
  const reported = new Set(short.map(({ path }) => path));
  return [...short, ...keepers.flatMap(shorterThanSource).filter(({ path }) => !reported.has(path))];
}

function tooShortlyKept(queue: Rendered, consumers: readonly (Rendered | undefined)[]): readonly Problem[] {
  const given = retention(queue);
  const useful = consumers.length === 0 ? LONGEST : Math.max(...consumers.map(lifeFor));
  if (given === undefined || given >= useful) return [];
  const by = consumers.flatMap((consumer) => consumer?.path ?? []).join(', ');
  return [
    {
      path: queue.path,
      what:
        'MessageRetentionPeriod is ' +
        `${text(given)}${queue.properties.MessageRetentionPeriod === undefined ? ', the default' : ''}`,
      why: `SQS deletes older messages without a trace, but ${by || 'whoever drains the queue'} could still use them`,
      page: 'sqs/quotas-messages',
      fix: `set MessageRetentionPeriod to at least ${text(useful)}`,
    },
  ];
}

/** How long a consumer accepts a message, in seconds. Without a limit this is 14 days, SQS's longest retention. */
function lifeFor(consumer: Rendered | undefined): number {
  const given = consumer && LIVES.map((name) => environment(consumer, name)).find((life) => life !== undefined);
  return Math.min(numberOr(given, LONGEST) ?? LONGEST, LONGEST);
}

interface Kept {
  /** undefined for a mapping or subscription, which stores no messages itself. */
  readonly source: Rendered | undefined;
  readonly keeper: Rendered;
}

/** The queues that receive the failed messages of the construct's queues, subscriptions and mappings. */
function keepersOf(plan: Plan): readonly Kept[] {
  return plan.own.flatMap((one) => {
    const value =
      one.type === TYPE.mapping
        ? below(one.properties.DestinationConfig, 'OnFailure', 'Destination')
        : deadLetterTarget(one);
    const keeper = plan.target(one, value);
    if (keeper?.type !== TYPE.queue) return [];
    return { source: one.type === TYPE.queue ? one : undefined, keeper };
  });
}

function shorterThanSource({ source, keeper }: Kept): readonly Problem[] {
  const [there, here] = [source && retention(source), retention(keeper)];
  if (source === undefined || there === undefined || here === undefined || here >= there) return [];
  return [
    {
      path: keeper.path,
      what: `MessageRetentionPeriod is ${text(here)}, but its source ${source.path} keeps messages for ${text(there)}`,
      why:
        'in a standard queue a dead letter keeps its age and may expire on arrival; a FIFO queue would keep dead ' +
        'letters for less time than its source keeps messages',
      page: 'sqs/setting-up-dead-letter-queue-retention',
      fix: `set MessageRetentionPeriod to at least ${text(there)}`,
    },
  ];
}

function retention({ properties }: Rendered): number | undefined {
  return numberOr(properties.MessageRetentionPeriod, LIMITS.defaultRetention.toSeconds());
}

function environment({ properties }: Rendered, name: string): unknown {
  return below(properties.Environment, 'Variables', name);
}

/** The exact number of seconds, and a readable duration. */
function text(seconds: number): string {
  return `${seconds} s (${Duration.seconds(seconds).toHumanString()})`;
}
