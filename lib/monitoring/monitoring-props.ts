import { Duration, Token } from 'aws-cdk-lib';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Boundary } from '../../core/contract/contract.ts';
import type { ObjectiveLines } from '../../core/graphs/graph.ts';
import { NORMAL_STALENESS_INTERVALS } from '../../core/read/staleness.ts';
import type { EntityOwner } from '../entity-owner.ts';
import type { FactQueue } from '../fact-queue.ts';
import type { FactTopic } from '../fact-topic.ts';
import { CONTROL_INTERVAL } from '../flow-control.ts';
import { LIMITS } from '../limits.ts';
import type { LocalCache } from '../local-cache.ts';
import type { PostgresOwner } from '../postgres-owner.ts';
import type { Saga } from '../saga.ts';

/** Props of `PipelineMonitoring`. */
export interface PipelineMonitoringProps {
  /** The owners to watch. Give at least one construct in this or another prop. */
  readonly owners: readonly (EntityOwner | PostgresOwner)[];
  /** The caches to watch. */
  readonly caches: readonly LocalCache[];
  /**
   * The topics of facts to watch.
   * @default - none
   */
  readonly factTopics?: readonly FactTopic[];
  /**
   * The queues of facts to watch, except those of `sagas`. Add their handlers first.
   * @default - none
   */
  readonly factQueues?: readonly FactQueue[];
  /**
   * The sagas to watch, with their queues. Add their effect handlers first.
   * @default - none
   */
  readonly sagas?: readonly Saga[];
  /**
   * The objectives of all watched caches.
   * @default - see `Objectives`
   */
  readonly objectives?: Objectives;
  /**
   * Minutes for which the backlog of a cache must grow before `inflow-above-outflow` is raised. It must grow in four
   * out of five of them. 5 to 120. A shorter peak is processed by itself.
   * @default 10
   */
  readonly inflowMinutes?: number;
  /**
   * The topic that receives the alarms. Its policy must let cloudwatch.amazonaws.com publish. If the topic is
   * encrypted, the policy of its key must let cloudwatch.amazonaws.com use the key; CloudWatch can't publish to a
   * topic that is encrypted with alias/aws/sns.
   * @default - a topic is created, encrypted with its own key that CloudWatch may use
   */
  readonly alarmTopic?: ITopic;
  /**
   * Email address to subscribe to the created topic. AWS asks the address for consent. Don't combine with `alarmTopic`.
   * @default - nobody
   */
  readonly alarmEmail?: string;
  /**
   * The absolute URL of the runbook. Each alarm's description ends with this URL and the heading of the alarm's entry.
   * Up to 400 characters.
   * @default - the runbook of Freshet on GitHub
   */
  readonly runbookUrl?: string;
  /**
   * Prefix of all alarm names, so that two stages in one account and region have different names. Letters, digits,
   * `-` and `_`, up to 128.
   * @default - the name of the stack
   */
  readonly namePrefix?: string;
  /**
   * Name of the dashboard. Letters, digits, `-` and `_`, up to 255.
   * @default - `namePrefix`
   */
  readonly dashboardName?: string;
  /**
   * Whether Contributor Insights counts each cache's events by entity, to name the hottest entities. Costs $0.50 a
   * month for each cache and $0.02 for a million batches.
   * @default true
   */
  readonly hottestGroups?: boolean;
}

/** The objectives of all watched caches. To give caches different objectives, watch them with separate constructs. */
export interface Objectives {
  /**
   * Time from the owner's commit until the cache has applied the event, for 99 of 100 events. 1 second to 1 day.
   * @default Duration.minutes(1)
   */
  readonly leadTime?: Duration;
  /**
   * How far any type of a cache may lag. 3 minutes to 7 days; heartbeats, by which it is measured, arrive once a
   * minute. A healthy cache whose queue is never empty lags by up to 7 minutes and its lead time, because SQS's metrics
   * arrive up to 3 minutes late.
   * @default - 7 minutes and `leadTime`: 8 minutes
   */
  readonly staleness?: Duration;
}

/** The thresholds of the alarms, with defaults filled in. */
export interface Thresholds extends Required<Objectives> {
  readonly inflowMinutes: number;
}

const NAME = /^[A-Za-z0-9_-]+$/;
const DEFAULT_PREFIX_ADVICE = 'Give namePrefix: the name of a nested stack is only known when it is deployed.';

/**
 * The longest prefix with which every alarm name fits into 255 characters (cloudwatch/API_PutMetricAlarm,
 * 2026-11-25).
 */
const MAX_PREFIX = 128;
const MAX_DASHBOARD_NAME = 255;

/**
 * The longest URL with which every description fits into 1,024 characters (cloudwatch/API_PutMetricAlarm,
 * 2026-11-25).
 */
const MAX_RUNBOOK_URL = 400;

/** An absolute address, because people read an alarm's description in an email or in the console. */
export const RUNBOOK_URL = 'https://github.com/freshet-dev/freshet/blob/main/docs/runbook.md';
const [MIN_INFLOW_MINUTES, MAX_INFLOW_MINUTES] = [5, 120];
const LEAD_TIME_RANGE = [Duration.seconds(1), Duration.days(1)] as const;
const STALENESS_RANGE = [
  Duration.seconds(3 * CONTROL_INTERVAL.toSeconds()),
  Duration.seconds(LIMITS.maxRetention.toSeconds() / 2),
] as const;

/** Staleness of a healthy cache whose queue is never empty, in seconds, without its lead time. */
const NORMAL_STALENESS = NORMAL_STALENESS_INTERVALS * CONTROL_INTERVAL.toSeconds();

/** Returns the thresholds of the alarms. */
export function thresholds({
  objectives = {},
  inflowMinutes = 10,
}: Pick<PipelineMonitoringProps, 'objectives' | 'inflowMinutes'>): Thresholds {
  const { leadTime = Duration.minutes(1) } = objectives;
  const normalSeconds = NORMAL_STALENESS + Math.ceil(leadTime.toMilliseconds() / 1000);
  const { staleness = Duration.seconds(normalSeconds) } = objectives;
  return { leadTime, staleness, inflowMinutes };
}

/** The objectives as lines of graphs. */
export function objectiveLines({ leadTime, staleness }: Thresholds): ObjectiveLines {
  return { leadTimeMs: leadTime.toMilliseconds(), stalenessSeconds: staleness.toSeconds() };
}

/**
 * Checks the props. Its errors say what was given, what is allowed and why.
 *
 * @param prefix the prefix of the alarm names
 */
export function validate(props: PipelineMonitoringProps, prefix: string): void {
  const { alarmTopic, alarmEmail, runbookUrl, dashboardName } = props;
  const named = namesOfWatched(props);
  if (Object.values(named).flat().length === 0) {
    throw new Error(
      `${Object.keys(named).join(', ')}: nothing to watch was given. Give at least one construct in these props.`,
    );
  }
  for (const [prop, names] of Object.entries(named)) {
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) {
      throw new Error(`${prop}: ${twice} was given twice. Give each name once: the alarms are named after it.`);
    }
  }
  const { leadTime, staleness, inflowMinutes } = thresholds(props);
  inRange(
    'objectives.leadTime',
    leadTime,
    LEAD_TIME_RANGE,
    'it is measured in milliseconds and evaluated once a minute',
  );
  inRange(
    'objectives.staleness',
    staleness,
    STALENESS_RANGE,
    'heartbeats arrive once a minute, and SQS deletes events',
  );
  if (!Number.isInteger(inflowMinutes) || inflowMinutes < MIN_INFLOW_MINUTES || inflowMinutes > MAX_INFLOW_MINUTES) {
    throw new Error(
      `inflowMinutes: given: ${inflowMinutes}. ` +
        `Allowed: an integer from ${MIN_INFLOW_MINUTES} to ${MAX_INFLOW_MINUTES}. ` +
        'A shorter peak is processed by itself, and a longer one would be reported too late.',
    );
  }
  if (alarmEmail !== undefined && alarmTopic !== undefined) {
    throw new Error(
      'alarmEmail: given together with alarmTopic. Give one of them: alarmEmail subscribes to a topic that is created.',
    );
  }
  if (alarmEmail !== undefined && !/^[^\s@]+@[^\s@]+$/.test(alarmEmail)) {
    throw new Error(`alarmEmail: given: ${alarmEmail}. Allowed: an email address, such as oncall@example.com.`);
  }
  if (
    runbookUrl !== undefined &&
    !/^(?:https?:\/\/|\$\{Token)[^\s#]+$/.test(runbookUrl.slice(0, MAX_RUNBOOK_URL + 1))
  ) {
    throw new Error(
      `runbookUrl: given: ${runbookUrl}. Allowed: a URL that begins with https:// or http://, without spaces or a ` +
        'fragment, which each alarm adds.',
    );
  }
  if (runbookUrl !== undefined && runbookUrl.length > MAX_RUNBOOK_URL) {
    throw new Error(
      `runbookUrl: given: ${runbookUrl.length} characters. Allowed: at most ${MAX_RUNBOOK_URL}, ` +
        "because it is part of each alarm's description.",
    );
  }
  assertName('namePrefix', prefix, MAX_PREFIX);
  if (dashboardName !== undefined) assertName('dashboardName', dashboardName, MAX_DASHBOARD_NAME);
}

/**
 * The names of the watched constructs, by prop. A saga's queue has the saga's name, so these two props share a list.
 */
function namesOfWatched({ owners, caches, factTopics = [], factQueues = [], sagas = [] }: PipelineMonitoringProps) {
  const ofBoundaries = (all: readonly { readonly boundary: Boundary }[]) => all.map(({ boundary }) => boundary.name);
  return {
    ...{ owners: ofBoundaries(owners), caches: ofBoundaries(caches), factTopics: ofBoundaries(factTopics) },
    'factQueues, sagas': [...factQueues, ...sagas].map(({ name }) => name),
  };
}

function inRange(prop: string, given: Duration, [least, most]: readonly [Duration, Duration], why: string): void {
  const ms = given.toMilliseconds();
  if (ms >= least.toMilliseconds() && ms <= most.toMilliseconds()) return;
  throw new Error(
    `${prop}: given: ${given.toHumanString()}. ` +
      `Allowed: ${least.toHumanString()} to ${most.toHumanString()}, because ${why}.`,
  );
}

function assertName(prop: string, given: string, longest: number): void {
  if (Token.isUnresolved(given))
    throw new Error(`${prop}: given: a value that isn't known yet. ${DEFAULT_PREFIX_ADVICE}`);
  if (NAME.test(given) && given.length <= longest) return;
  throw new Error(`${prop}: given: ${given}. Allowed: letters, digits, - and _, up to ${longest} characters.`);
}
