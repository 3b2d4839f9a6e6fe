import { Duration } from 'aws-cdk-lib';
import { LIMITS } from '../limits.ts';
import { TOMBSTONE_MARGIN } from '../local-cache-props.ts';
import { deadLetterTarget } from './dead-letter-rules.ts';
import { below, consumedQueues, numberOr, ownOf, type Plan, type Problem, type Rendered, TYPE } from './plan.ts';

const TOMBSTONE_LIFE = 'TOMBSTONE_LIFE_SECONDS';
const MAX_EVENT_AGE = 'MAX_EVENT_AGE_SECONDS';

/** How old what a function takes in may be, by the environment that says so; what has no such limit is of use for good. */
const LIVES = [MAX_EVENT_AGE, 'REPORT_LIFE_SECONDS'];

const LONGEST = LIMITS.maxRetention.toSeconds();

/** A deletion is remembered for longer than an event may be old, and by all functions alike. */
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
      what: `${TOMBSTONE_LIFE} is ${text(life)}, and ${MAX_EVENT_AGE} ${text(age)}`,
      why: 'once its expiry has removed the tombstone, an older event that returns brings the deleted entity back',
      page: 'ddb/TTL',
      fix: `let the two be apart by at least ${TOMBSTONE_MARGIN.toHumanString()}: remove the override and set the props tombstoneLife and maxEventAge`,
    },
  ];
}

/** What all of a cache's functions must agree on, and don't. */
function disagreements([first, ...others]: readonly Rendered[]): readonly Problem[] {
  if (first === undefined) return [];
  return others.flatMap((other) =>
    [TOMBSTONE_LIFE, MAX_EVENT_AGE].flatMap((name) => {
      const [here, there] = [first, other].map((one) => JSON.stringify(environment(one, name)) ?? 'not given');
      if (here === there) return [];
      return {
        path: other.path,
        what: `${name} is ${there} here and ${here} in ${first.path}`,
        why: 'one of them applies an event that the other takes for too old, after the tombstone that guards against it has expired',
        page: 'ddb/TTL' as const,
        fix: 'remove the override and set the props tombstoneLife and maxEventAge, which both functions get',
      };
    }),
  );
}

/** A queue keeps what is in it for as long as its consumer would take it, and a dead-letter queue for no less than its source. */
export function queuesKeepWhatIsOfUse(plan: Plan): readonly Problem[] {
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
      what: `MessageRetentionPeriod is ${text(given)}${queue.properties.MessageRetentionPeriod === undefined ? ', the default' : ''}`,
      why: `SQS deletes what is older without a trace, and ${by || 'whoever works it off'} could still use it`,
      page: 'sqs/quotas-messages',
      fix: `set MessageRetentionPeriod to at least ${text(useful)}`,
    },
  ];
}

/** How long a consumer may use a message, in seconds; 14 days, the longest that SQS keeps one, where nothing limits it. */
function lifeFor(consumer: Rendered | undefined): number {
  const given = consumer && LIVES.map((name) => environment(consumer, name)).find((life) => life !== undefined);
  return Math.min(numberOr(given, LONGEST) ?? LONGEST, LONGEST);
}

interface Kept {
  /** undefined for a mapping, which keeps nothing itself. */
  readonly source: Rendered | undefined;
  readonly keeper: Rendered;
}

/** The queues into which the construct's queues, subscriptions and mappings put what they give up on. */
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
      what: `MessageRetentionPeriod is ${text(here)}, and its source ${source.path} keeps a message for ${text(there)}`,
      why: 'in a standard queue a dead letter keeps the age it had and may expire as it arrives; in a FIFO queue it would be kept for less than what is not dead',
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

/** The exact figure, and one that can be read. */
function text(seconds: number): string {
  return `${seconds} s (${Duration.seconds(seconds).toHumanString()})`;
}
