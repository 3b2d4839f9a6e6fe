import { dynamoDbClient } from '../../../../adapters/clients.ts';
import { required } from '../../service/environment.ts';
import { Answer, serve } from '../../service/http.ts';
import { createDetails, paymentDetails, shoppingCartId } from '../payments-table.ts';

const keep = createDetails(dynamoDbClient(), required('PAYMENTS_TABLE'));

export const handler = serve({
  'PUT /payment-details/:cartId': async ({ path: { cartId = '' }, body }) => {
    await keep(shoppingCartId.parse(cartId), paymentDetails.parse(body));
    return new Answer(200, { shoppingCartId: cartId });
  },
});
