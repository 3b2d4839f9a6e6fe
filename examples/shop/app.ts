import { App, type AppProps } from 'aws-cdk-lib';
import { GeographyStack } from './geography/stack.ts';
import { MonitoringStack } from './monitoring/stack.ts';
import { OrderingStack } from './ordering/stack.ts';
import { WarehouseStack } from './warehouse/stack.ts';

/** The shop: one stack per boundary, and one that watches them all. */
export function shopApp(props?: AppProps): App {
  const app = new App(props);
  const geography = new GeographyStack(app, 'Geography');
  const ordering = new OrderingStack(app, 'Ordering', { geography: geography.owner });
  const warehouse = new WarehouseStack(app, 'Warehouse', { geography: geography.owner });
  new MonitoringStack(app, 'Monitoring', { owners: [geography.owner], caches: [ordering.cache, warehouse.cache] });
  return app;
}
