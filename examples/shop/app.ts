import { App, type AppProps } from 'aws-cdk-lib';
import { GeographyStack } from './geography/stack.ts';
import { MonitoringStack } from './monitoring/stack.ts';
import { OrderingStack } from './ordering/stack.ts';
import { WarehouseStack } from './warehouse/stack.ts';

/**
 * The small shop: one stack for each boundary, and one stack that monitors all of them. The stage is `development`, so
 * that all data is deleted with its stack: the example's data comes from npm packages. To keep the data, run
 * `cdk deploy --all -c stage=production`.
 */
export function shopApp(props?: AppProps): App {
  const app = new App(props);
  const stage = app.node.tryGetContext('stage') ?? 'development';
  const geography = new GeographyStack(app, 'Geography', { stage });
  const ordering = new OrderingStack(app, 'Ordering', { geography: geography.owner, stage });
  const warehouse = new WarehouseStack(app, 'Warehouse', { geography: geography.owner, stage });
  new MonitoringStack(app, 'Monitoring', { owners: [geography.owner], caches: [ordering.cache, warehouse.cache] });
  return app;
}
