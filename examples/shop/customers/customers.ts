import type { Customer } from './contracts.ts';

/** The shop's first customers. */
export const customers: readonly { readonly id: string; readonly state: Customer }[] = [
  { id: 'c-ada', state: { displayName: 'Ada', country: 'GB', currency: 'GBP', tier: 'gold' } },
  { id: 'c-konrad', state: { displayName: 'Konrad', country: 'DE', currency: 'EUR', tier: 'standard' } },
  { id: 'c-sofja', state: { displayName: 'Sofja', country: 'SE', currency: 'SEK', tier: 'standard' } },
];
