import { dynamoDbClient } from 'freshet-aws';
import { agreement } from '../../ordering/agreement.ts';
import { required } from '../../service/environment.ts';
import { Answer, parsed, type Request, serve } from '../../service/http.ts';
import { createDetailsTable, type DetailsTable, paymentDetails, shoppingCartId } from '../details-table.ts';

const table = createDetailsTable(dynamoDbClient(), required('DETAILS_TABLE'));

async function give({ path }: Request, part: Parameters<DetailsTable['give']>[1]): Promise<Answer> {
  const cartId = parsed(shoppingCartId, path.cartId);
  if (await table.give(cartId, part)) return new Answer(200, { shoppingCartId: cartId });
  return new Answer(409, { code: 'AlreadyOrdered', message: 'The order of this cart is already processed.' });
}

export const handler = serve({
  'PUT /payment-details/:cartId': (request) => give(request, { details: parsed(paymentDetails, request.body) }),
  /** The agreement that ordering's review returned. */
  'PUT /payment-details/:cartId/agreement': (request) => give(request, { agreement: parsed(agreement, request.body) }),
});
