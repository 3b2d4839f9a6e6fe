import { ownerFromEnvironment } from 'freshet-aws';
import { numbersIn, serve } from '../../service/http.ts';
import catalog from '../contracts.ts';

/** How long a request waits while writes are slowed. After that, the answer says when to try again. */
const MAX_WAIT_MS = 1_000;

const owner = ownerFromEnvironment({ boundary: catalog });

export const handler = serve({
  'PUT /products/:id': async ({ path: { id = '' }, query, body }) =>
    owner.put('Product', id, body, { maxWaitMs: MAX_WAIT_MS, ...numbersIn(query, 'expectedVersion') }),
});
