import type { Call } from '../caller.ts';

/** What an operation needs a caller to be allowed. */
export type Need = Omit<Call, 'caller'>;

/** The account and region of everything here. */
export interface Place {
  readonly region: string;
  readonly accountId: string;
}

/** Stands for all resources, where an action knows no narrower one. */
export const ANY = '*';
