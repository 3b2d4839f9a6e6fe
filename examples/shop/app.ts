import { App, type AppProps } from 'aws-cdk-lib';
import { GeographyStack } from './geography/stack.ts';
import { MonitoringStack } from './monitoring/stack.ts';
import { OrderingStack } from './ordering/stack.ts';
import { WarehouseStack } from './warehouse/stack.ts';

/**
 * The shop: one stack per boundary, and one that watches them all. An example's data comes from npm packages, so it goes with its stacks,
 * unless the app is told otherwise: `cdk deploy --all -c stage=production`.
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
