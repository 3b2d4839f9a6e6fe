import { App, type AppProps } from 'aws-cdk-lib';
import { GeographyStack } from './geography/stack.ts';
import { OrderingStack } from './ordering/stack.ts';
import { WarehouseStack } from './warehouse/stack.ts';

/** The shop: one stack per boundary. */
export function shopApp(props?: AppProps): App {
  const app = new App(props);
  const geography = new GeographyStack(app, 'Geography');
  new OrderingStack(app, 'Ordering', { geography: geography.owner });
  new WarehouseStack(app, 'Warehouse', { geography: geography.owner });
  return app;
}
