import { App, type AppProps } from 'aws-cdk-lib';
import { GeographyStack } from './geography/stack.ts';
import { MonitoringStack } from './monitoring/stack.ts';
import { OrderingStack } from './ordering/stack.ts';
import { SupportStack } from './support/stack.ts';
import { WarehouseStack } from './warehouse/stack.ts';

/**
 * The small shop: one stack for each boundary, and one stack that monitors all of them. The stage is `development`, so
 * that all data is deleted with its stack: the example's data comes from npm packages. To keep the data, run
 * `cdk deploy --all -c stage=production`.
 *
 * With `-c support=true` there is a third cache. Deploy it later, and see how it fills itself.
 */
export function shopApp(props?: AppProps): App {
  const app = new App(props);
  const stage = app.node.tryGetContext('stage') ?? 'development';
  const geography = new GeographyStack(app, 'Geography', { stage });
  const ordering = new OrderingStack(app, 'Ordering', { geography: geography.owner, stage });
  const warehouse = new WarehouseStack(app, 'Warehouse', { geography: geography.owner, stage });
  const caches = [ordering.cache, warehouse.cache];
  if (`${app.node.tryGetContext('support')}` === 'true') {
    const support = new SupportStack(app, 'Support', { geography: geography.owner, stage });
    caches.push(support.cache);
  }
  new MonitoringStack(app, 'Monitoring', { owners: [geography.owner], caches });
  return app;
}
