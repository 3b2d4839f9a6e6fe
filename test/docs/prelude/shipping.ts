import { defineSaga } from 'freshet-aws';
import ordering from './ordering.ts';
import payment from './payment.ts';

export default defineSaga(import.meta.url, {
  name: 'shipping',
  needs: [ordering.publishes.OrderPlaced, payment.publishes.OrderBilled],
  decide: ({ OrderPlaced }) => [{ name: 'CreateLabel', data: { orderId: OrderPlaced.data.orderId } }],
});
