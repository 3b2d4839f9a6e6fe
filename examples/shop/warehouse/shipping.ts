import { defineSaga } from '../../../core/saga/define.ts';
import ordering from '../ordering/selling.ts';
import payment from '../payment/contracts.ts';

const DAY_SECONDS = 86_400;

/** One label for an order that is placed and billed, in whatever order that becomes known. */
export default defineSaga(import.meta.url, {
  name: 'shipping',
  needs: [ordering.publishes.OrderPlaced, payment.publishes.OrderBilled],
  cancelledBy: [ordering.publishes.OrderCancelled, payment.publishes.PaymentDeclined],
  // A parcel that is on its way is called back.
  cancelledLate: ({ OrderPlaced }) => [{ name: 'RecallParcel', data: { orderId: OrderPlaced.data.orderId } }],
  deadlineSeconds: 2 * DAY_SECONDS,
  decide: ({ OrderPlaced }) => [{ name: 'CreateShippingLabel', data: { orderId: OrderPlaced.data.orderId } }],
});
