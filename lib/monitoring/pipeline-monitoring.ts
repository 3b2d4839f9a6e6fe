import { Stack } from 'aws-cdk-lib';
import { type Alarm, CfnInsightRule, type CompositeAlarm, type Dashboard } from 'aws-cdk-lib/aws-cloudwatch';
import { LambdaAction, SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { HOTTEST_GROUP_PROPERTY, PROJECTOR_METRICS } from '../../core/metrics.ts';
import { hottestGroupsRule } from '../../core/monitoring-names.ts';
import type { EntityOwner } from '../entity-owner.ts';
import type { LocalCache } from '../local-cache.ts';
import { type AlarmSettings, createAlarm, createCombinedAlarm, type MetricAlarm } from './alarm.ts';
import { alarmTopic } from './alarm-topic.ts';
import { behind, cacheAlarms } from './cache-alarms.ts';
import { createDashboard } from './dashboard.ts';
import { type PipelineMonitoringProps, type Thresholds, thresholds, validate } from './monitoring-props.ts';
import { ownerAlarms } from './owner-alarms.ts';

/** The kind of the alarm that combines a cache's others. */
export const BEHIND = 'behind';

/** On these a cache's report function runs at once, so that the owner's governor hears of it before the minute is over. */
const REPORTED_ON: readonly string[] = ['inflow-above-outflow', BEHIND];

/** Watch: a dashboard, and alarms that each say what is wrong, how urgent it is, and where in the runbook it is explained. */
export class PipelineMonitoring extends Construct {
  /** Where alarms go: the one given, or the one made here. */
  readonly alarmTopic: ITopic;
  readonly dashboard: Dashboard;
  /** All alarms; each is named `namePrefix-boundary-kind`. */
  readonly alarms: readonly (Alarm | CompositeAlarm)[];

  constructor(scope: Construct, id: string, props: PipelineMonitoringProps) {
    super(scope, id);
    const { owners, caches, namePrefix = Stack.of(this).stackName, hottestGroups = true } = props;
    validate(props, namePrefix);
    const limits = thresholds(props);
    this.alarmTopic = props.alarmTopic ?? alarmTopic(this, props.alarmEmail);
    const settings = {
      notify: new SnsAction(this.alarmTopic),
      runbookUrl: props.runbookUrl ?? 'docs/runbook.md',
      thresholds: limits,
      namePrefix,
    };
    const watched = {
      owners: owners.map((owner) => ({ of: owner, alarms: this.watchOwner(owner, settings) })),
      caches: caches.map((cache) => ({
        of: cache,
        alarms: this.watchCache(cache, settings),
        hottestGroupsRule: hottestGroups ? this.countGroups(cache) : undefined,
      })),
    };
    this.alarms = [...watched.owners, ...watched.caches].flatMap(({ alarms }) => alarms);
    this.dashboard = createDashboard(this, props.dashboardName ?? namePrefix, watched, limits);
  }

  private watchOwner(owner: EntityOwner, settings: Settings): Alarm[] {
    const scope = new Construct(this, `Owner-${owner.boundary.name}`);
    const name = namesOf(owner, settings);
    return Object.entries(ownerAlarms(owner, settings.thresholds)).map(([kind, alarm]) =>
      createAlarm(scope, kind, name(kind), alarm, settings),
    );
  }

  private watchCache(cache: LocalCache, settings: Settings): (Alarm | CompositeAlarm)[] {
    const scope = new Construct(this, `Cache-${cache.boundary.name}`);
    const name = namesOf(cache, settings);
    // An action's permission belongs to the function's stack and names the alarm, which belongs to this one and names the function: seen as
    // one from elsewhere, the function gets its permission here.
    const report = LambdaFunction.fromFunctionAttributes(scope, 'Report', {
      functionArn: cache.report.functionArn,
      sameEnvironment: true,
    });
    const measure = new LambdaAction(report, { useUniquePermissionId: true });
    const alarms = Object.entries<MetricAlarm>(cacheAlarms(cache, settings.thresholds)).map(([kind, alarm]) =>
      createAlarm(scope, kind, name(kind), alarm, settings, REPORTED_ON.includes(kind) ? [measure] : []),
    );
    const isBehind = createCombinedAlarm(scope, BEHIND, name(BEHIND), behind(cache, name), settings, [measure]);
    // It names them, which CloudFormation doesn't see.
    isBehind.node.addDependency(...alarms);
    return [isBehind, ...alarms];
  }

  /** Has a cache's events counted by message group: by the log, since as a dimension each group would be a metric. Returns the rule's name. */
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

/** The names of a boundary's alarms, by their kind. */
function namesOf({ boundary }: EntityOwner | LocalCache, { namePrefix }: Settings): (kind: string) => string {
  return (kind) => `${namePrefix}-${boundary.name}-${kind}`;
}
