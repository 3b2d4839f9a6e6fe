import { GatewayTimeout } from './gateway.ts';

/** Tries before a fact goes back to its queue. */
const ATTEMPTS = 3;

/**
 * Has a gateway do something that it hasn't done yet, once at most, whatever it makes of keys: what timed out is looked up before it is asked for again.
 *
 * @throws GatewayTimeout when the gateway answers nothing for good
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
