import { randomBytes } from 'node:crypto';

/**
 * The token of one resync. Without a token of its own, topic and queues would drop the message as one that they already
 * had.
 */
export function resyncToken(): string {
  return randomBytes(12).toString('base64url');
}
