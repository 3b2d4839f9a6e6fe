import type { Agreement } from '../ordering/agreement.ts';
import type { Card, Charge, Refund } from './gateway.ts';

/** The payment details that a customer sent for a shopping cart. They never leave this boundary. */
export interface PaymentDetails {
  readonly card: Card;
  readonly billingAddress: string;
}

/** What a customer sent for a shopping cart. Each part is undefined until it is sent. */
export interface GivenForCart {
  /** Card and billing address. */
  readonly details: PaymentDetails | undefined;
  /** The total to which the customer agreed. */
  readonly agreement: Agreement | undefined;
}

/** The known parts of an order's payment. Facts about one order arrive one at a time, in any order. */
export interface Payment {
  /** Whether the gateway may have been asked. */
  readonly begun: boolean;
  /** Whether the order is cancelled. */
  readonly cancelled: boolean;
  /** Undefined until the outcome of the charge is stored. */
  readonly charge: Charge | undefined;
  /** Undefined until the refund is stored. */
  readonly refund: Refund | undefined;
}

/** Payment's own tables. */
export interface Payments {
  /** Returns what the customer sent for a cart. */
  givenFor(shoppingCartId: string): Promise<GivenForCart>;
  /** Removes card and address of a cart. No details can be stored for the cart after that. */
  removeDetails(shoppingCartId: string): Promise<void>;
  /**
   * Marks an order as begun, before the gateway is asked.
   *
   * @returns its payment before the mark
   */
  begin(orderId: string): Promise<Payment>;
  /**
   * Marks an order as cancelled.
   *
   * @returns its payment after the mark
   */
  cancel(orderId: string): Promise<Payment>;
  /** Returns what is known of an order's payment. */
  payment(orderId: string): Promise<Payment>;
  /** Stores the outcome of a charge and commits its fact, both or neither. Does nothing if an outcome is stored. */
  settle(orderId: string, charge: Charge): Promise<void>;
  /** Stores a refund and commits its fact, both or neither. Does nothing if a refund is stored. */
  settleRefund(orderId: string, charge: Charge, refund: Refund): Promise<void>;
}
