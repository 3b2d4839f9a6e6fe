import { TEST_CARDS } from '../payment/fake-gateway.ts';
import { CHARGING } from './stand-still.ts';
import { claim, type World } from './world.ts';

/** The total comes from the customer, who tells payment another one. */
export async function cheated({ shop, cloud, report, money }: World): Promise<void> {
  report.heading('A customer tells payment a smaller total than the quoted one');
  const buying = { productId: 'p-tent', customerId: 'c-konrad', card: TEST_CARDS.good };
  const { orderId, quote } = await shop.buy({ ...buying, pays: { amount: 1 } });
  await cloud.idle();
  const known = await shop.order(orderId);
  claim(known === 'placed, declined' && (await money(orderId)).charges === 0, 'the order should be declined');
  report.step(
    `0.01 instead of ${quote.total.amount / 100} ${quote.total.currency}: ${known}, since the order's id doesn't match`,
  );
}

/** The money is refunded, and no parcel is shipped. */
export async function cancelled({ shop, cloud, report, money, labels, running }: World): Promise<void> {
  report.heading('Orders are cancelled, before they are shipped and after');
  const buying = { productId: 'p-rope', customerId: 'c-ada', card: TEST_CARDS.good };
  const isRefunded = async (orderId: string): Promise<boolean> => {
    const { charges, refunds } = await money(orderId);
    return charges === 1 && refunds === 1 && (await shop.order(orderId)) === 'cancelled, refunded';
  };
  running(CHARGING, false);
  const { orderId: early } = await shop.buy(buying);
  await shop.cancel(early);
  await cloud.idle();
  running(CHARGING, true);
  await cloud.idle();
  claim(await isRefunded(early), 'what payment charges after it runs again should be refunded, once');
  claim(!(await labels()).includes(early), 'the early order should get no label');
  report.step(`cancelled while payment is stopped: ${await shop.order(early)} after payment runs again, and no label`);

  const { orderId: late } = await shop.buy({ ...buying, card: TEST_CARDS.timesOutAfter });
  await cloud.idle();
  claim((await labels()).includes(late), 'the late order should have its label');
  await shop.cancel(late);
  await cloud.idle();
  claim(await isRefunded(late), 'the late order should be refunded, once');
  claim(!(await labels()).includes(late), 'the parcel should be called back');
  report.step(
    `cancelled after the label was printed: ${await shop.order(late)} once, although the gateway times out; the ` +
      'parcel is called back',
  );
}

/** @param sold orders that were billed and not cancelled */
export async function labels({ report, labels }: World, sold: readonly string[]): Promise<void> {
  report.heading('Labels: one for each order that is placed, billed and not cancelled, in any order of the facts');
  const printed = await labels();
  const same = JSON.stringify([...printed].sort()) === JSON.stringify([...sold].sort());
  claim(same, `${sold.length} orders were billed, so there should not be ${printed.length} labels`);
  report.step(`${printed.length} labels for ${sold.length} orders; none for declined or cancelled orders`);
}

/** The saga raises an alert at its deadline. */
export async function neverBilled({ cloud, report, placedLongAgo, alerts }: World): Promise<void> {
  report.heading('Payment has sent no fact about an order that was placed three days ago');
  await placedLongAgo('order-of-old');
  await cloud.tick();
  await cloud.tick();
  const raised = await alerts();
  claim(raised.join() === 'order-of-old: ["OrderBilled"]', `one alert should be raised, not ${raised.join('; ')}`);
  report.step(`one alert, once: ${raised[0]} is missing`);
}
