import { GatewayTimeout } from './gateway.ts';

/** Tries before a fact goes back to its queue. */
const ATTEMPTS = 3;

/**
 * Has a gateway do something once at most, whatever it makes of keys: what may have been done, or timed out, is looked up before it is asked for
 * again.
 *
 * @param mayBeDone whether to look before the first try, too
 * @throws GatewayTimeout when the gateway answers nothing for good
 */
export async function atMostOnce<T>(
  ask: () => Promise<T>,
  find: () => Promise<T | undefined>,
  mayBeDone: boolean,
): Promise<T> {
  let timeout: GatewayTimeout | undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const done = mayBeDone || timeout ? await find() : undefined;
    if (done !== undefined) return done;
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof GatewayTimeout)) throw error;
      timeout = error;
    }
  }
  const done = await find();
  if (done !== undefined) return done;
  throw timeout ?? new GatewayTimeout('never tried');
}
