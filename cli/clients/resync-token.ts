import { randomBytes } from 'node:crypto';

/**
 * Returns a new token for one resync. Without it, the topic and the queues would drop the message as a duplicate.
 */
export function resyncToken(): string {
  return randomBytes(12).toString('base64url');
}
