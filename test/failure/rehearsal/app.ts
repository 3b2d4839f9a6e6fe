import { App, Duration, Stack } from 'aws-cdk-lib';
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
import { quicken } from './quicken.ts';

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

quicken(stack);
app.synth();
