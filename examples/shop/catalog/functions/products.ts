import { dynamoDbClient } from '../../../../adapters/aws/clients.ts';
import { createFlow } from '../../../../adapters/govern/flow.ts';
import { createOwner } from '../../../../adapters/own/owner-table.ts';
import { required } from '../../service/environment.ts';
import { numbersIn, serve } from '../../service/http.ts';
import catalog from '../contracts.ts';

/** A client waits no longer than this for a slowed write; it is told when to come again. */
const MAX_WAIT_MS = 1_000;

const client = dynamoDbClient();
const flow = createFlow({ client, tableName: required('FLOW_TABLE') });
const owner = createOwner({ boundary: catalog, tableName: required('OWNER_TABLE'), client, flow });

export const handler = serve({
  'PUT /products/:id': async ({ path: { id = '' }, query, body }) =>
    owner.put('Product', id, body, { maxWaitMs: MAX_WAIT_MS, ...numbersIn(query, 'expectedVersion') }),
});
