import { Stack } from 'aws-cdk-lib';
import { type Alarm, CfnInsightRule, type CompositeAlarm, type Dashboard } from 'aws-cdk-lib/aws-cloudwatch';
import { LambdaAction, SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { HOTTEST_GROUP_PROPERTY, PROJECTOR_METRICS } from '../../core/metrics.ts';
import { hottestGroupsRule } from '../../core/monitoring-names.ts';
import { checkAtSynth } from '../checks/check-at-synth.ts';
import type { FactQueue } from '../fact-queue.ts';
import type { LocalCache } from '../local-cache.ts';
import type { Saga } from '../saga.ts';
import { stableIds } from '../stable-ids.ts';
import { type AlarmSettings, createAlarm, createCombinedAlarm, type MetricAlarm } from './alarm.ts';
import { alarmTopic } from './alarm-topic.ts';
import { behind, cacheAlarms } from './cache-alarms.ts';
import { createDashboard } from './dashboard.ts';
import { factQueueAlarms, factTopicAlarms } from './fact-alarms.ts';
import {
  type PipelineMonitoringProps,
  RUNBOOK_URL,
  type Thresholds,
  thresholds,
  validate,
} from './monitoring-props.ts';
import { ownerAlarms } from './owner-alarms.ts';
import { sagaAlarms } from './saga-alarms.ts';

/** The kind of the alarm that combines other alarms of a cache. */
export const BEHIND = 'behind';

/**
 * The alarms that run a cache's report function at once, so that the owner's governor gets the report before the
 * minute is over.
 */
const REPORTED_ON: readonly string[] = ['inflow-above-outflow', BEHIND];

/** A dashboard and alarms. Each alarm says what is wrong, how urgent it is, and where the runbook explains it. */
export class PipelineMonitoring extends Construct {
  /** The topic that receives the alarms: the given topic, or the one that this construct creates. */
  readonly alarmTopic: ITopic;
  readonly dashboard: Dashboard;
  /** All alarms. Each is named `namePrefix-name-kind`, where `name` is that of its boundary, queue of facts or saga. */
  readonly alarms: readonly (Alarm | CompositeAlarm)[];

  constructor(scope: Construct, id: string, props: PipelineMonitoringProps) {
    super(scope, id);
    const { owners, caches, factTopics = [], factQueues = [], sagas = [] } = props;
    const { namePrefix = Stack.of(this).stackName, hottestGroups = true } = props;
    validate(props, namePrefix);
    const limits = thresholds(props);
    this.alarmTopic = props.alarmTopic ?? alarmTopic(this, props.alarmEmail);
    const settings = {
      notify: new SnsAction(this.alarmTopic),
      runbookUrl: props.runbookUrl ?? RUNBOOK_URL,
      thresholds: limits,
      namePrefix,
    };
    const watched = {
      owners: owners.map((of) => {
        const { name } = of.boundary;
        return { of, alarms: this.watch(`Owner-${name}`, name, ownerAlarms(of, limits), settings) };
      }),
      caches: caches.map((cache) => ({
        of: cache,
        alarms: this.watchCache(cache, settings),
        hottestGroupsRule: hottestGroups ? this.countGroups(cache) : undefined,
      })),
      factTopics: factTopics.map((of) => {
        const { name } = of.boundary;
        return { of, alarms: this.watch(`Facts-${name}`, name, factTopicAlarms(of), settings) };
      }),
      factQueues: [...factQueues, ...retriesOf(sagas)].map((of) => ({
        of,
        alarms: this.watch(`FactQueue-${of.name}`, of.name, factQueueAlarms(of), settings),
      })),
      sagas: sagas.map((of) => {
        const alarms = { ...factQueueAlarms(of.facts), ...sagaAlarms(of) };
        return { of, alarms: this.watch(`Saga-${of.name}`, of.name, alarms, settings) };
      }),
    };
    assertHandlersStay(this, [...factQueues, ...sagas.map(({ facts }) => facts)], sagas);
    this.alarms = Object.values(watched).flatMap((parts) => parts.flatMap(({ alarms }) => alarms));
    this.dashboard = createDashboard(this, props.dashboardName ?? namePrefix, watched, limits);
    stableIds(this, 'Monitoring', namePrefix);
    checkAtSynth(this);
  }

  /**
   * Creates alarms without a combined alarm.
   *
   * @param id of their parent construct
   * @param name of the construct that they watch
   */
  private watch(id: string, name: string, alarms: Readonly<Record<string, MetricAlarm>>, settings: Settings): Alarm[] {
    const scope = new Construct(this, id);
    const alarmName = namesOf(name, settings);
    return Object.entries(alarms).map(([kind, alarm]) => createAlarm(scope, kind, alarmName(kind), alarm, settings));
  }

  private watchCache(cache: LocalCache, settings: Settings): (Alarm | CompositeAlarm)[] {
    const scope = new Construct(this, `Cache-${cache.boundary.name}`);
    const name = namesOf(cache.boundary.name, settings);
    // The permission of an alarm action would be created in the function's stack and refer to the alarm, and the
    // alarm refers to the function: a circular dependency between the stacks. For an imported function, the
    // permission is created in this stack.
    const report = LambdaFunction.fromFunctionAttributes(scope, 'Report', {
      functionArn: cache.report.functionArn,
      sameEnvironment: true,
    });
    const measure = new LambdaAction(report, { useUniquePermissionId: true });
    const alarms = Object.entries<MetricAlarm>(cacheAlarms(cache, settings.thresholds)).map(([kind, alarm]) =>
      createAlarm(scope, kind, name(kind), alarm, settings, REPORTED_ON.includes(kind) ? [measure] : []),
    );
    const isBehind = createCombinedAlarm(scope, BEHIND, name(BEHIND), behind(cache, name), settings, [measure]);
    // The rule refers to the alarms by name, so CloudFormation doesn't detect the dependency.
    isBehind.node.addDependency(...alarms);
    return [isBehind, ...alarms];
  }

  /**
   * Counts a cache's events by message group, from its log. As a metric dimension, each group would be a metric.
   * Returns the rule's name.
   */
  private countGroups({ boundary, projector }: LocalCache): string {
    const ruleName = hottestGroupsRule(projector.functionName);
    new CfnInsightRule(this, `HottestGroups-${boundary.name}`, {
      ruleName,
      ruleState: 'ENABLED',
      ruleBody: Stack.of(this).toJsonString({
        Schema: { Name: 'CloudWatchLogRule', Version: 1 },
        LogGroupNames: [projector.logGroup.logGroupName],
        LogFormat: 'JSON',
        Contribution: {
          Keys: [`$.${HOTTEST_GROUP_PROPERTY}`],
          ValueOf: `$.${PROJECTOR_METRICS.hottestGroup}`,
          Filters: [],
        },
        AggregateOn: 'Sum',
      }),
    });
    return ruleName;
  }
}

interface Settings extends AlarmSettings {
  readonly thresholds: Thresholds;
  readonly namePrefix: string;
}

/** Returns a function from an alarm's kind to its name, for a boundary, a queue of facts or a saga. */
function namesOf(name: string, { namePrefix }: Settings): (kind: string) => string {
  return (kind) => `${namePrefix}-${name}-${kind}`;
}

/** The queues in which the effects of sagas are retried. They have the alarms of a queue of facts. */
function retriesOf(sagas: readonly Saga[]): readonly FactQueue[] {
  return sagas.flatMap(({ effectHandlers }) => effectHandlers.map(({ retries }) => retries));
}

/** Handlers that are added later wouldn't be watched, so synthesis fails with an error. */
function assertHandlersStay(scope: Construct, factQueues: readonly FactQueue[], sagas: readonly Saga[]): void {
  const counts = () => [
    ...factQueues.map(({ name, handlers }) => [name, 'addHandler', handlers.length] as const),
    ...sagas.map(({ name, effectHandlers }) => [name, 'addEffectHandler', effectHandlers.length] as const),
  ];
  const before = counts();
  scope.node.addValidation({
    validate: () =>
      counts().flatMap(([name, method, count], index) =>
        count === before[index]?.[2]
          ? []
          : [
              `${name}: ${method} was called after ${scope.node.path} was created, ` +
                `so that handler isn't watched. Call ${method} first.`,
            ],
      ),
  });
}
