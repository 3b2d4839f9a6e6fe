import { createFlow, createOwner, dynamoDbClient } from 'freshet-aws';
import { required } from '../../service/environment.ts';
import { numbersIn, serve } from '../../service/http.ts';
import catalog from '../contracts.ts';

/** How long a request waits while writes are slowed. After that, the answer says when to try again. */
const MAX_WAIT_MS = 1_000;

const client = dynamoDbClient();
const flow = createFlow({ client, tableName: required('FLOW_TABLE') });
const owner = createOwner({ boundary: catalog, tableName: required('OWNER_TABLE'), client, flow });

export const handler = serve({
  'PUT /products/:id': async ({ path: { id = '' }, query, body }) =>
    owner.put('Product', id, body, { maxWaitMs: MAX_WAIT_MS, ...numbersIn(query, 'expectedVersion') }),
});
