import { TEST_CARDS } from '../payment/fake-gateway.ts';
import { CHARGING } from './stand-still.ts';
import { claim, type World } from './world.ts';

/** The total comes from the customer, and another one is told to payment. */
export async function cheated({ shop, cloud, report, money }: World): Promise<void> {
  report.heading('Somebody tells payment a smaller total than the one that was quoted');
  const buying = { productId: 'p-tent', customerId: 'c-konrad', card: TEST_CARDS.good };
  const { orderId, quote } = await shop.buy({ ...buying, pays: { amount: 1 } });
  await cloud.idle();
  const known = await shop.order(orderId);
  claim(known === 'placed, declined' && (await money(orderId)).charges === 0, 'the order should be declined');
  report.step(
    `0.01 instead of ${quote.total.amount / 100} ${quote.total.currency}: ${known}; the order's id gives it away`,
  );
}

/** Money goes back, and no parcel stays on its way. */
export async function cancelled({ shop, cloud, report, money, labels, running }: World): Promise<void> {
  report.heading('Orders are cancelled, before they are shipped and after');
  const buying = { productId: 'p-rope', customerId: 'c-ada', card: TEST_CARDS.good };
  const isGivenBack = async (orderId: string): Promise<boolean> => {
    const { charges, refunds } = await money(orderId);
    return charges === 1 && refunds === 1 && (await shop.order(orderId)) === 'cancelled, refunded';
  };
  running(CHARGING, false);
  const { orderId: early } = await shop.buy(buying);
  await shop.cancel(early);
  await cloud.idle();
  running(CHARGING, true);
  await cloud.idle();
  claim(await isGivenBack(early), 'what payment takes when it is back should be given back, once');
  claim(!(await labels()).includes(early), 'it should get no label');
  report.step(`while payment is away: ${await shop.order(early)} when it is back, and no label`);

  const { orderId: late } = await shop.buy({ ...buying, card: TEST_CARDS.timesOutAfter });
  await cloud.idle();
  claim((await labels()).includes(late), 'it should have its label');
  await shop.cancel(late);
  await cloud.idle();
  claim(await isGivenBack(late), 'the money should be given back, once');
  claim(!(await labels()).includes(late), 'the parcel should be called back');
  report.step(
    `with the label printed: ${await shop.order(late)} once, though the gateway times out; the parcel is called back`,
  );
}

/** @param sold orders that were billed and not cancelled */
export async function labels({ report, labels }: World, sold: readonly string[]): Promise<void> {
  report.heading('Labels: one for each order that is placed, billed and not cancelled, whatever comes first');
  const printed = await labels();
  const same = JSON.stringify([...printed].sort()) === JSON.stringify([...sold].sort());
  claim(same, `${sold.length} orders were billed, and ${printed.length} labels printed`);
  report.step(`${printed.length} labels for ${sold.length} orders; none for those that were declined or cancelled`);
}

/** The saga's deadline is an alert. */
export async function neverBilled({ cloud, report, placedLongAgo, alerts }: World): Promise<void> {
  report.heading('Of an order that was placed three days ago, payment was never heard');
  await placedLongAgo('order-of-old');
  await cloud.tick();
  await cloud.tick();
  const raised = await alerts();
  claim(raised.join() === 'order-of-old: ["OrderBilled"]', `one alert should be raised, not ${raised.join('; ')}`);
  report.step(`an alert, once: ${raised[0]} is missing`);
}
