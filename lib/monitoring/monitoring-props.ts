import { Duration, Token } from 'aws-cdk-lib';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Boundary } from '../../core/contract.ts';
import type { EntityOwner } from '../entity-owner.ts';
import type { FactQueue } from '../fact-queue.ts';
import type { FactTopic } from '../fact-topic.ts';
import { CONTROL_INTERVAL } from '../flow-control.ts';
import { LIMITS } from '../limits.ts';
import type { LocalCache } from '../local-cache.ts';
import type { Saga } from '../saga.ts';

/** Props of `PipelineMonitoring`. */
export interface PipelineMonitoringProps {
  /** The owners that are watched; of all that can be watched at least one is given. */
  readonly owners: readonly EntityOwner[];
  /** The caches that are watched. */
  readonly caches: readonly LocalCache[];
  /**
   * The topics of facts that are watched.
   * @default - none
   */
  readonly factTopics?: readonly FactTopic[];
  /**
   * The queues of facts that are watched, but for those of `sagas`. Their handlers are to be added before.
   * @default - none
   */
  readonly factQueues?: readonly FactQueue[];
  /**
   * The sagas that are watched, with their queues. Their effect handlers are to be added before.
   * @default - none
   */
  readonly sagas?: readonly Saga[];
  /**
   * What the caches promise.
   * @default - see `Objectives`
   */
  readonly objectives?: Objectives;
  /**
   * Minutes that a backlog grows before the inflow counts as above the outflow: four in five of them. 5 to 120. A shorter peak is worked off
   * by itself.
   * @default 10
   */
  readonly inflowMinutes?: number;
  /**
   * Where alarms go. Its policy must let cloudwatch.amazonaws.com publish, and the policy of its key use that: CloudWatch can't publish to a
   * topic that is encrypted with alias/aws/sns.
   * @default - a topic is made, encrypted with a key of its own that CloudWatch may use
   */
  readonly alarmTopic?: ITopic;
  /**
   * Mail address that is subscribed to the topic made here; AWS asks it for consent. Excludes `alarmTopic`.
   * @default - nobody
   */
  readonly alarmEmail?: string;
  /**
   * Where the runbook can be read; each alarm's description ends with it and the heading of the alarm's entry. Up to 400 characters.
   * @default 'docs/runbook.md'
   */
  readonly runbookUrl?: string;
  /**
   * What the names of alarms begin with, so that two stages in one account and region don't share them. Letters, digits, `-` and `_`, up to 128.
   * @default - the name of the stack
   */
  readonly namePrefix?: string;
  /**
   * Letters, digits, `-` and `_`, up to 255.
   * @default - `namePrefix`
   */
  readonly dashboardName?: string;
  /**
   * Whether Contributor Insights counts each cache's events by entity, so that the hottest can be named: $0.50 a month for each cache and $0.02
   * for a million batches.
   * @default true
   */
  readonly hottestGroups?: boolean;
}

/** What is promised of every cache that is watched. Where caches promise different things, watch them by constructs of their own. */
export interface Objectives {
  /**
   * From the owner's commit to applied in the cache, for 99 of 100 events. 1 second to 1 day.
   * @default Duration.minutes(1)
   */
  readonly leadTime?: Duration;
  /**
   * How far any type of a cache may lag. From 3 minutes, since it is measured by heartbeats that come once a minute, to 7 days.
   * @default Duration.minutes(5)
   */
  readonly staleness?: Duration;
}

/** What the alarms go by, with defaults filled in. */
export interface Thresholds extends Required<Objectives> {
  readonly inflowMinutes: number;
}

const NAME = /^[A-Za-z0-9_-]+$/;
const DEFAULT_PREFIX_ADVICE = 'Give namePrefix: the name of a nested stack is only known when it is deployed.';

/** Longest prefix, so that an alarm's name fits into 255 characters (cloudwatch/API_PutMetricAlarm, 2026-11-25). */
const MAX_PREFIX = 128;
const MAX_DASHBOARD_NAME = 255;

/** So that an alarm's description fits into 1,024 characters (cloudwatch/API_PutMetricAlarm, 2026-11-25). */
const MAX_RUNBOOK_URL = 400;
const [MIN_INFLOW_MINUTES, MAX_INFLOW_MINUTES] = [5, 120];
const LEAD_TIME_RANGE = [Duration.seconds(1), Duration.days(1)] as const;
const STALENESS_RANGE = [
  Duration.seconds(3 * CONTROL_INTERVAL.toSeconds()),
  Duration.seconds(LIMITS.maxRetention.toSeconds() / 2),
] as const;

/** What the alarms go by. */
export function thresholds({ objectives = {}, inflowMinutes = 10 }: PipelineMonitoringProps): Thresholds {
  const { leadTime = Duration.minutes(1), staleness = Duration.minutes(5) } = objectives;
  return { leadTime, staleness, inflowMinutes };
}

/** Checks the props; the message says what was given, what is allowed and why. @param prefix that of the alarms' names */
export function validate(props: PipelineMonitoringProps, prefix: string): void {
  const { alarmTopic, alarmEmail, runbookUrl, dashboardName } = props;
  const named = namesOfWatched(props);
  if (Object.values(named).flat().length === 0) {
    throw new Error(`${Object.keys(named).join(', ')}: given: none. Give at least one of them to watch.`);
  }
  for (const [prop, names] of Object.entries(named)) {
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) {
      throw new Error(`${prop}: given: ${twice} twice. Each once: its alarms are named by it.`);
    }
  }
  const { leadTime, staleness, inflowMinutes } = thresholds(props);
  inRange('objectives.leadTime', leadTime, LEAD_TIME_RANGE, 'it is measured in milliseconds and judged once a minute');
  inRange('objectives.staleness', staleness, STALENESS_RANGE, 'heartbeats come once a minute, and SQS drops events');
  if (!Number.isInteger(inflowMinutes) || inflowMinutes < MIN_INFLOW_MINUTES || inflowMinutes > MAX_INFLOW_MINUTES) {
    throw new Error(
      `inflowMinutes: given: ${inflowMinutes}. An integer from ${MIN_INFLOW_MINUTES} to ${MAX_INFLOW_MINUTES}: a shorter peak is worked off by ` +
        'itself, and after a longer one it is late.',
    );
  }
  if (alarmEmail !== undefined && alarmTopic !== undefined) {
    throw new Error(
      'alarmEmail: given with alarmTopic. Give one of them: an address is subscribed to the topic made here.',
    );
  }
  if (alarmEmail !== undefined && !/^[^\s@]+@[^\s@]+$/.test(alarmEmail)) {
    throw new Error(`alarmEmail: given: ${alarmEmail}. A mail address, such as oncall@example.com.`);
  }
  if (runbookUrl !== undefined && !/^[^\s#]+$/.test(runbookUrl.slice(0, MAX_RUNBOOK_URL + 1))) {
    throw new Error(`runbookUrl: given: ${runbookUrl}. Without spaces or a fragment: each alarm adds its own.`);
  }
  if (runbookUrl !== undefined && runbookUrl.length > MAX_RUNBOOK_URL) {
    throw new Error(
      `runbookUrl: given: ${runbookUrl.length} characters. At most ${MAX_RUNBOOK_URL}: it is part of each alarm's description.`,
    );
  }
  assertName('namePrefix', prefix, MAX_PREFIX);
  if (dashboardName !== undefined) assertName('dashboardName', dashboardName, MAX_DASHBOARD_NAME);
}

/** By prop. A saga's queue has the saga's name, so it is one of the queues. */
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
    `${prop}: given: ${given.toHumanString()}. From ${least.toHumanString()} to ${most.toHumanString()}: ${why}.`,
  );
}

function assertName(prop: string, given: string, longest: number): void {
  if (Token.isUnresolved(given))
    throw new Error(`${prop}: given: a value that isn't known yet. ${DEFAULT_PREFIX_ADVICE}`);
  if (NAME.test(given) && given.length <= longest) return;
  throw new Error(`${prop}: given: ${given}. Letters, digits, - and _, up to ${longest} characters.`);
}
