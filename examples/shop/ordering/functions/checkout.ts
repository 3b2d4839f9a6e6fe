import { randomUUID } from 'node:crypto';
import { dynamoDbClient, factsFromEnvironment, readerFromEnvironment } from 'freshet-aws';
import { required } from '../../service/environment.ts';
import { serve } from '../../service/http.ts';
import { createCarts } from '../carts-table.ts';
import { createCheckout } from '../checkout.ts';
import { createOrders } from '../orders-table.ts';
import ordering from '../selling.ts';

const client = dynamoDbClient();
const ordersTable = required('ORDERS_TABLE');
const checkout = createCheckout({
  reader: readerFromEnvironment({ boundary: ordering, client }),
  carts: createCarts(client, ordersTable),
  orders: createOrders({
    client,
    tableName: ordersTable,
    facts: factsFromEnvironment({ boundary: ordering, client }),
  }),
  newId: randomUUID,
});

export const handler = serve(checkout);
