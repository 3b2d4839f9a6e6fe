import * as z from 'zod';
import { defineBoundary } from '../../../core/contract.ts';

/** What other services look up of a customer; id: the customer number. E-mail address, birthday and addresses aren't published at all. */
const Customer = z.strictObject({
  /** How they want to be greeted, chosen by themselves. */
  displayName: z.string().min(1).max(100),
  /** ISO 3166-1 alpha-2; id of Country. */
  country: z.string().regex(/^[A-Z]{2}$/),
  /** ISO 4217; id of Currency. */
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
            'Every page greets its customer, also while customers is down; the name is chosen for that and needn’t be a real one.',
        },
      },
    },
  },
});
