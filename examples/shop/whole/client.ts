import * as z from 'zod/mini';

/** The answer of a function URL. */
export interface Answered<T = unknown> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

/** The shop as its customers and writers use it: through function URLs. */
export interface ShopClient {
  /** Calls a function of a stack: `call('Ordering', 'Pages', 'GET /products/p-mug')`. */
  call(stack: string, name: string, request: string, body?: unknown): Promise<Answered>;
  page(path: string): Promise<Answered<Page>>;
  /** Buys a product, from the cart to the order. Only payment receives the payment details and the agreement. */
  buy(purchase: Purchase): Promise<Bought>;
  cancel(orderId: string): Promise<Answered>;
  /** The state of an order in ordering, such as `placed, billed`. */
  order(orderId: string): Promise<string>;
}

/** What a customer buys. */
export interface Purchase {
  readonly productId: string;
  readonly customerId: string;
  readonly card: string;
  readonly quantity?: number;
  /** What the customer tells payment instead of the agreed amount. Default: the agreed amount. */
  readonly pays?: { readonly amount?: number };
  /** What happens between review and place. Default: nothing. */
  readonly meanwhile?: () => Promise<void>;
}

const page = z.object({
  id: z.string(),
  version: z.number(),
  changedAt: z.string(),
  /** null for an unknown staleness, since JSON has no infinity. */
  stalenessMs: z.nullable(z.number()),
  value: z.record(z.string(), z.unknown()),
});

/** An entity as a page shows it, or the code and message of a refusal. */
export type Page = Partial<z.infer<typeof page>> & { readonly code?: string; readonly message?: string };

const started = z.object({ shoppingCartId: z.string() });
const money = z.object({ amount: z.number(), currency: z.string() });
const line = z.object({ productId: z.string(), version: z.number(), price: money });
const quoted = z.object({ total: money, lines: z.array(line) });
const reviewed = z.object({ agreement: z.object({ amount: z.number(), currency: z.string(), key: z.string() }) });
const placed = z.object({ orderId: z.string(), quote: quoted });
const order = z.object({ status: z.string(), payment: z.optional(z.string()) });

/** The result of a purchase. */
export interface Bought {
  readonly statuses: readonly number[];
  readonly shoppingCartId: string;
  readonly orderId: string;
  readonly quote: z.infer<typeof quoted>;
}

/** Made-up data that a customer enters with the card number. */
export const CARD_HOLDER = 'Konrad Kartenhalter';
export const BILLING_ADDRESS = 'Geheimgasse 7';
export const CARD_EXPIRES = '2031-05';

/**
 * On AWS, the caller signs a request. The local cloud reads only the key of the signature, and this key is the
 * developer's.
 */
const authorization =
  'AWS4-HMAC-SHA256 Credential=local/20261201/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0';

/** Creates the client of a shop. @param outputs the outputs of its stacks */
export function createShopClient(outputs: Readonly<Record<string, Readonly<Record<string, string>>>>): ShopClient {
  const call: ShopClient['call'] = async (stack, name, request, body) => {
    const [method = 'GET', path = ''] = request.split(' ');
    const response = await fetch(new URL(path, outputs[stack]?.[`${name}Url`]), {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
  };
  const checkout = (path: string, body?: unknown) => call('Ordering', 'Checkout', `POST ${path}`, body);

  return {
    call,
    async page(path) {
      const answer = await call('Ordering', 'Pages', `GET ${path}`);
      // The caller checks the parts that it needs.
      return { ...answer, body: answer.body as Page };
    },
    async buy({ productId, customerId, card, quantity = 1, pays = {}, meanwhile }) {
      const begun = await checkout('/checkout', { customerId, lines: [{ productId, quantity }] });
      const { shoppingCartId } = started.parse(begun.body);
      const details = {
        card: { number: card, holder: CARD_HOLDER, expires: CARD_EXPIRES },
        billingAddress: BILLING_ADDRESS,
      };
      const toPayment = `PUT /payment-details/${shoppingCartId}`;
      const given = await call('Payment', 'Details', toPayment, details);
      const review = await checkout(`/checkout/${shoppingCartId}/review`);
      const agreement = { ...reviewed.parse(review.body).agreement, ...pays };
      const agreed = await call('Payment', 'Details', `${toPayment}/agreement`, agreement);
      await meanwhile?.();
      const place = await checkout(`/checkout/${shoppingCartId}/place`);
      const statuses = [begun, given, review, agreed, place].map(({ status }) => status);
      return { statuses, shoppingCartId, ...placed.parse(place.body) };
    },
    cancel: (orderId) => checkout(`/orders/${orderId}/cancel`),
    async order(orderId) {
      const answer = await call('Ordering', 'Checkout', `GET /orders/${orderId}`);
      const { status, payment = 'nothing paid' } = order.parse(answer.body);
      return `${status}, ${payment}`;
    },
  };
}
