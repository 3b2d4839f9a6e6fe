import { defineSaga } from 'freshet-aws';
import ordering from '../ordering/selling.ts';
import payment from '../payment/contracts.ts';

const DAY_SECONDS = 86_400;

/** One label for each order that is placed and billed, in whatever order the two facts arrive. */
export default defineSaga(import.meta.url, {
  name: 'shipping',
  needs: [ordering.publishes.OrderPlaced, payment.publishes.OrderBilled],
  cancelledBy: [ordering.publishes.OrderCancelled, payment.publishes.PaymentDeclined],
  // If the order is cancelled later, the parcel is recalled.
  cancelledLate: ({ OrderPlaced }) => [{ name: 'RecallParcel', data: { orderId: OrderPlaced.data.orderId } }],
  deadlineSeconds: 2 * DAY_SECONDS,
  decide: ({ OrderPlaced }) => [{ name: 'CreateShippingLabel', data: { orderId: OrderPlaced.data.orderId } }],
});
