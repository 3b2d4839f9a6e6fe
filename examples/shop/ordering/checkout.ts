import type { CachedEntity, Reader, ValueOf } from 'freshet-aws';
import { Answer, freshness, parsed, type Request, type Routes } from '../service/http.ts';
import { orderIdOf } from './agreement.ts';
import type { Carts, StoredCart } from './carts-table.ts';
import { agreementOf, type Cart, cartRequest, type Quote } from './order.ts';
import { CANCELLABLE_DAYS, type Orders } from './orders-table.ts';
import type ordering from './selling.ts';

type Caches = typeof ordering.caches;
type Product = ValueOf<Caches['Product']>;

/** What the checkout uses. */
export interface CheckoutPorts {
  readonly reader: Pick<Reader<Caches>, 'get' | 'getMany'>;
  readonly carts: Carts;
  readonly orders: Orders;
  readonly newId: () => string;
}

/**
 * Creates the routes of the checkout: start, review, place, cancel. The customer sends card, address and agreement to
 * payment under the shopping cart's id. Ordering receives none of them.
 */
export function createCheckout({ reader, carts, orders, newId }: CheckoutPorts): Routes {
  const cartOf = async ({ path: { cartId = '' } }: Request): Promise<StoredCart | undefined> => carts.cart(cartId);

  return {
    async 'POST /checkout'({ body }) {
      const cart = { shoppingCartId: newId(), key: newId(), ...parsed(cartRequest, body) };
      const { stalenessMs, ...customer } = await reader.get('Customer', cart.customerId);
      if (customer.status !== 'found') return new Answer(404, customer);
      await carts.begin(cart);
      return new Answer(201, { shoppingCartId: cart.shoppingCartId, customer: { ...customer, stalenessMs } });
    },
    /**
     * Quotes each line at the product's cached version and stores the quote. A customer who agrees sends the agreement
     * to payment.
     */
    async 'POST /checkout/:cartId/review'(request) {
      const cart = await cartOf(request);
      if (cart === undefined) return noSuch('cart');
      const { maxStalenessMs } = freshness(request);
      const ids = cart.lines.map(({ productId }) => productId);
      const products = await reader.getMany('Product', ids, { maxStalenessMs });
      const missing = products.filter(({ status }) => status !== 'found').map(({ id }) => id);
      if (missing.length > 0) return new Answer(409, { code: 'NotForSale', products: missing });
      const quote = quoteOf(cart, products);
      if (quote === undefined) return new Answer(409, { code: 'SeveralCurrencies' });
      const { shoppingCartId } = cart;
      const agreement = agreementOf(cart, quote);
      if (!(await carts.saveQuote(shoppingCartId, orderIdOf(shoppingCartId, agreement), quote))) {
        return new Answer(409, { code: 'AlreadyPlaced' });
      }
      return { shoppingCartId, ...quote, agreement, stalenessMs: products[0]?.stalenessMs };
    },
    /** Places the order as quoted, even if a price has changed since. A repeated request returns the same order. */
    async 'POST /checkout/:cartId/place'(request) {
      const cart = await cartOf(request);
      if (cart === undefined) return noSuch('cart');
      const { quoted, shoppingCartId, customerId } = cart;
      if (quoted === undefined) return new Answer(409, { code: 'NotReviewed' });
      await orders.place({ ...quoted, shoppingCartId, customerId });
      const order = await orders.order(quoted.orderId);
      return order === undefined ? new Answer(409, { code: 'QuotedAnew' }) : new Answer(201, order);
    },
    async 'POST /orders/:orderId/cancel'({ path: { orderId = '' } }) {
      await orders.cancel(orderId);
      const order = await orders.order(orderId);
      if (order?.status === 'placed') {
        return new Answer(409, { code: 'TooLate', message: `An order can be cancelled for ${CANCELLABLE_DAYS} days.` });
      }
      return order ?? noSuch('order');
    },
    async 'GET /orders/:orderId'({ path: { orderId = '' } }) {
      return (await orders.order(orderId)) ?? noSuch('order');
    },
  };
}

/** Returns a quote at the products' cached prices; undefined if they have prices in several currencies. */
function quoteOf({ lines }: Cart, products: readonly CachedEntity<Product>[]): Quote | undefined {
  const quoted = lines.flatMap((line, index) => {
    const product = products[index];
    if (product?.status !== 'found') return [];
    const { version, changedAt, value } = product;
    return [{ ...line, name: value.name, price: value.price, version, changedAt }];
  });
  const [currency, another] = new Set(quoted.map(({ price }) => price.currency));
  if (currency === undefined || another !== undefined) return undefined;
  const amount = quoted.reduce((sum, { price, quantity }) => sum + price.amount * quantity, 0);
  return { lines: quoted, total: { amount, currency } };
}

function noSuch(what: 'cart' | 'order'): Answer {
  return new Answer(404, { code: 'Unknown', message: `There is no such ${what}.` });
}
