import { randomUUID } from 'node:crypto';
import { createFacts, createReader, dynamoDbClient } from 'freshet-aws';
import { required } from '../../service/environment.ts';
import { serve } from '../../service/http.ts';
import { createCarts } from '../carts-table.ts';
import { createCheckout } from '../checkout.ts';
import { createOrders } from '../orders-table.ts';
import ordering from '../selling.ts';

const client = dynamoDbClient();
const ordersTable = required('ORDERS_TABLE');
const checkout = createCheckout({
  reader: createReader({ boundary: ordering, tableName: required('CACHE_TABLE'), client }),
  carts: createCarts(client, ordersTable),
  orders: createOrders({
    client,
    tableName: ordersTable,
    facts: createFacts({ boundary: ordering, tableName: required('FACTS_TABLE'), client }),
  }),
  newId: randomUUID,
});

export const handler = serve(checkout);
