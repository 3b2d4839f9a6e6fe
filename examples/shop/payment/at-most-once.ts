import { GatewayTimeout } from './gateway.ts';

/** Attempts before the fact returns to its queue. */
const ATTEMPTS = 3;

/**
 * Asks a gateway to do something at most once, even if the gateway ignores idempotency keys. After a timeout, it looks
 * up whether the gateway did it before it asks again.
 *
 * @param ask asks the gateway
 * @param find looks up whether the gateway did it; undefined if it didn't
 * @throws GatewayTimeout if every attempt times out
 */
export async function atMostOnce<T>(ask: () => Promise<T>, find: () => Promise<T | undefined>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof GatewayTimeout)) throw error;
      const done = await find();
      if (done !== undefined) return done;
      if (attempt === ATTEMPTS) throw error;
    }
  }
}
