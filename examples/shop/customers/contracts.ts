import { defineBoundary } from 'freshet-aws';
import * as z from 'zod';

/**
 * What other services look up about a customer. Its id is the customer number. E-mail addresses, birthdays and postal
 * addresses aren't published at all.
 */
const Customer = z.strictObject({
  /** The name on the shop's pages, chosen by the customer. */
  displayName: z.string().min(1).max(100),
  /** ISO 3166-1 alpha-2 code, which is the id of a Country. */
  country: z.string().regex(/^[A-Z]{2}$/),
  /** ISO 4217 code, which is the id of a Currency. */
  currency: z.string().regex(/^[A-Z]{3}$/),
  tier: z.enum(['standard', 'gold']),
});

/** A customer's state. */
export type Customer = z.infer<typeof Customer>;

export default defineBoundary(import.meta.url, {
  name: 'customers',
  owns: {
    Customer: {
      schema: Customer,
      fields: {
        displayName: {
          is: 'personal',
          publishedBecause:
            'Every page greets its customer by this name, even while customers is down. The customer chose the name ' +
            'for this purpose, and it can be invented.',
        },
      },
    },
  },
});
