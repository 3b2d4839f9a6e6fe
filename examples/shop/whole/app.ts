import { App, type AppProps } from 'aws-cdk-lib';
import { CatalogStack } from '../catalog/stack.ts';
import { CustomersStack } from '../customers/stack.ts';
import { GeographyStack } from '../geography/stack.ts';
import { MonitoringStack } from '../monitoring/stack.ts';
import { OrderPaymentsStack } from '../ordering/payments-stack.ts';
import { SellingStack } from '../ordering/selling-stack.ts';
import { PaymentStack } from '../payment/stack.ts';
import { ShippingStack } from '../warehouse/shipping-stack.ts';
import { WarehouseStack } from '../warehouse/stack.ts';

/** The whole shop: one that sells. `../app.ts` is its beginning, reference data and two caches. */
export function wholeShopApp(props?: AppProps): App {
  const app = new App(props);
  const stage = app.node.tryGetContext('stage') ?? 'development';
  const geography = new GeographyStack(app, 'Geography', { stage });
  const catalog = new CatalogStack(app, 'Catalog', { stage });
  const customers = new CustomersStack(app, 'Customers', { stage });
  const owners = [geography.owner, catalog.owner, customers.owner];
  const ordering = new SellingStack(app, 'Ordering', { sources: owners, stage });
  const payment = new PaymentStack(app, 'Payment', { orders: ordering.facts, stage });
  const { orders } = ordering;
  const orderPayments = new OrderPaymentsStack(app, 'OrderPayments', { payments: payment.facts, orders, stage });
  const warehouse = new WarehouseStack(app, 'Warehouse', { geography: geography.owner, stage });
  const shipping = new ShippingStack(app, 'Shipping', { sources: [ordering.facts, payment.facts], stage });
  new MonitoringStack(app, 'Monitoring', {
    owners,
    caches: [ordering.cache, warehouse.cache],
    factTopics: [ordering.facts, payment.facts],
    factQueues: [payment.orders, orderPayments.queue],
    sagas: [shipping.saga],
  });
  return app;
}
