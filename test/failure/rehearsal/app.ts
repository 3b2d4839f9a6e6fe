import { App, Duration, Stack } from 'aws-cdk-lib';
import { CfnAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { EntityOwner } from '../../../lib/entity-owner.ts';
import { FactQueue } from '../../../lib/fact-queue.ts';
import { FactTopic } from '../../../lib/fact-topic.ts';
import { LocalCache } from '../../../lib/local-cache.ts';
import { PipelineMonitoring } from '../../../lib/monitoring/pipeline-monitoring.ts';
import { Saga } from '../../../lib/saga.ts';
import { ServiceFunction } from '../../../lib/service-function.ts';
import lenient from '../../cli/depot/lenient.ts';
import depot from '../../cli/depot/owner.ts';
import billing from '../../sagas/billing.ts';
import sales from '../../sagas/sales.ts';
import shipping from '../../sagas/shipping.ts';

/** An app with everything that `PipelineMonitoring` watches, whose alarms are raised within seconds. */
const app = new App();
const stack = new Stack(app, 'Test');
const maySlowOwner = { lenient: { highWater: 20 } };
const owner = new EntityOwner(stack, 'Owner', { boundary: depot, maySlowOwner });
const cache = new LocalCache(stack, 'Cache', { boundary: lenient, sources: [owner] });
const sources = [sales, billing].map((boundary) => new FactTopic(stack, boundary.name, { boundary }));
const functionOf = (id: string, file: string, environment: Record<string, string> = {}) =>
  new ServiceFunction(stack, id, { file: new URL(file, import.meta.url), timeout: Duration.seconds(3), environment });
const charges = new FactQueue(stack, 'Charges', {
  name: 'charges',
  facts: [sales.publishes.OrderPlaced],
  sources: sources.slice(0, 1),
});
charges.addHandler(functionOf('Charge', './charge.ts', { FACT_QUEUE: charges.settings }));
const saga = new Saga(stack, 'Shipping', { saga: shipping, sources, deadlineInterval: Duration.minutes(1) });
saga.addEffectHandler(functionOf('Printer', './printer.ts'));
new PipelineMonitoring(stack, 'Monitoring', {
  owners: [owner],
  caches: [cache],
  factTopics: sources,
  factQueues: [charges],
  sagas: [saga],
});

/** Shorter ages in the expressions of alarms. */
const AGES: readonly (readonly [string, string])[] = [
  ['FILL(age, 0) > 300', 'FILL(age, 0) > 2'],
  ['FILL(staleness, REPEAT) > 300', 'FILL(staleness, REPEAT) > 30'],
  ['FILL(age, 0) > 900', 'FILL(age, 0) > 2'],
  ['FILL(backlog, 0) > 100', 'FILL(backlog, 0) > 20'],
];

/** Lower thresholds, by the alarm's name. The metrics are the same as in a deployment. */
const THRESHOLDS: Readonly<Record<string, number>> = {
  'lead-time': 2_000,
  staleness: 30,
  'relay-delay': 2_000,
  'stream-use': 0.005,
  'repair-waits': 5,
  'facts-delayed': 2_000,
  'facts-unpublished-for-hours': 4_000,
  'effects-delayed': 2_000,
  'effects-waiting-for-hours': 4_000,
};

/** Alarms for which missing data is breaching need several datapoints. */
const UNCHANGED = ['staleness', 'relay-delay', 'reports-missing', 'saga-deadlines-silent'];

for (const child of stack.node.findAll()) {
  if (child instanceof CfnAlarm) {
    const kind = Object.keys(THRESHOLDS).find((one) => child.alarmName?.endsWith(`-${one}`)) ?? '';
    child.threshold = THRESHOLDS[kind] ?? child.threshold ?? 0;
    if (!UNCHANGED.some((one) => child.alarmName?.endsWith(`-${one}`))) {
      // The waits between the tries of a failing event aren't shorter here.
      const most = /-(group-stuck|facts-crashing)$/.test(child.alarmName ?? '') ? 1 : 2;
      child.datapointsToAlarm = Math.min(most, child.datapointsToAlarm ?? 1);
      child.evaluationPeriods = Math.min(4, child.evaluationPeriods ?? 1);
    }
    const metrics = stack.resolve(child.metrics) as { expression?: string }[] | undefined;
    if (metrics !== undefined) {
      child.metrics = metrics.map(({ expression, ...rest }) => ({
        ...rest,
        ...(expression !== undefined && {
          expression: AGES.reduce((text, [long, short]) => text.replace(long, short), expression),
        }),
      })) as CfnAlarm.MetricDataQueryProperty[];
    }
  }
  if (child instanceof CfnFunction) {
    const { variables } = (stack.resolve(child.environment) ?? {}) as { variables?: Record<string, unknown> };
    if (variables?.INTERVAL_SECONDS !== undefined)
      child.addPropertyOverride('Environment.Variables.INTERVAL_SECONDS', '5');
    if (variables?.REPORT_LIFE_SECONDS !== undefined)
      child.addPropertyOverride('Environment.Variables.REPORT_LIFE_SECONDS', '8');
  }
}
app.synth();
