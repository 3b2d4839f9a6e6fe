import type { Call } from '../caller.ts';

/** A permission that an operation needs. */
export type Need = Omit<Call, 'caller'>;

/** The account and region of the local cloud. */
export interface Place {
  readonly region: string;
  readonly accountId: string;
}

/** Stands for all resources, for actions that can't be limited to a resource. */
export const ANY = '*';
