import type { Agreement } from '../ordering/agreement.ts';
import type { Card, Charge, Refund } from './gateway.ts';

/** What a customer gave for a shopping cart. It never leaves this boundary. */
export interface PaymentDetails {
  readonly card: Card;
  readonly billingAddress: string;
}

/** What was given for a shopping cart, each part from when it was. */
export interface GivenForCart {
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
  givenFor(shoppingCartId: string): Promise<GivenForCart>;
  /** Forgets card and address; what was given for the cart can't be given again. */
  forget(shoppingCartId: string): Promise<void>;
  /** Notes that an order is dealt with, so that the gateway may have been asked. @returns what was known before */
  begin(orderId: string): Promise<Payment>;
  /** Notes that an order is cancelled. @returns what is known now */
  cancel(orderId: string): Promise<Payment>;
  payment(orderId: string): Promise<Payment>;
  /** Keeps what became of the charge and commits the fact of it, together; nothing where one is kept already. */
  settle(orderId: string, charge: Charge): Promise<void>;
  /** The same of a refund. */
  settleRefund(orderId: string, charge: Charge, refund: Refund): Promise<void>;
}
