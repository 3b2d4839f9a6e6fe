import { App, Stack } from 'aws-cdk-lib';
import { EntityOwner } from '../../../../lib/entity-owner.ts';
import { FactQueue } from '../../../../lib/fact-queue.ts';
import { FactTopic } from '../../../../lib/fact-topic.ts';
import { LocalCache } from '../../../../lib/local-cache.ts';
import { PipelineMonitoring } from '../../../../lib/monitoring/pipeline-monitoring.ts';
import { Saga } from '../../../../lib/saga.ts';
import billing from '../../../sagas/billing.ts';
import sales from '../../../sagas/sales.ts';
import shipping from '../../../sagas/shipping.ts';
import atlas from './atlas.ts';
import maps from './maps.ts';
import names from './names.ts';

const app = new App();
const stack = new Stack(app, 'Atlas');
const owner = new EntityOwner(stack, 'Owner', { boundary: atlas, maySlowOwner: { maps: { highWater: 1_234 } } });
const caches = [maps, names].map((boundary) => new LocalCache(stack, boundary.name, { boundary, sources: [owner] }));
const topics = [sales, billing].map((boundary) => new FactTopic(stack, boundary.name, { boundary }));
// Without a handler, so that its facts stay in the queue.
const audit = new FactQueue(stack, 'Audit', {
  name: 'audit',
  facts: [sales.publishes.OrderPlaced],
  sources: topics.slice(0, 1),
});
const saga = new Saga(stack, 'Shipping', { saga: shipping, sources: topics });
new PipelineMonitoring(new Stack(app, 'Watch'), 'Monitoring', {
  owners: [owner],
  caches,
  factTopics: topics,
  factQueues: [audit],
  sagas: [saga],
});
app.synth();
