import type { Agreement } from '../ordering/agreement.ts';
import type { Card, Charge, Refund } from './gateway.ts';

/** What a customer gave for a shopping cart. It never leaves this boundary. */
export interface PaymentDetails {
  readonly card: Card;
  readonly billingAddress: string;
}

/** What is known of a shopping cart, each part from when it was given. */
export interface CartDetails {
  readonly details: PaymentDetails | undefined;
  /** The total that the customer agreed to. */
  readonly agreement: Agreement | undefined;
}

/** What is known of an order's payment. Facts about one order come one at a time, and each may come first. */
export interface Payment {
  /** The gateway may have been asked. */
  readonly begun: boolean;
  readonly cancelled: boolean;
  readonly charge: Charge | undefined;
  readonly refund: Refund | undefined;
}

/** Payment's own tables. */
export interface Payments {
  cart(shoppingCartId: string): Promise<CartDetails>;
  /** Forgets card and address; what was given for the cart can't be given again. */
  forget(shoppingCartId: string): Promise<void>;
  /** Notes that an order is about to be charged, unless it is cancelled and nothing was begun. @returns what was known before */
  begin(orderId: string): Promise<Payment>;
  /** Notes that an order is cancelled. @returns what is known now */
  cancel(orderId: string): Promise<Payment>;
  payment(orderId: string): Promise<Payment>;
  /** Keeps what became of the charge and commits the fact of it, together; nothing where one is kept already. */
  settle(orderId: string, charge: Charge): Promise<void>;
  /** The same of a refund. */
  settleRefund(orderId: string, charge: Charge, refund: Refund): Promise<void>;
}
