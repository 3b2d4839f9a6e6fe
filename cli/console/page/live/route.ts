import { parseRoute, type Route, routeTo, type View } from '../pure/route.ts';
import { storeOf } from './store.ts';

/** The view that the address names. */
export const route = storeOf<Route>(parseRoute(location.hash));

addEventListener('hashchange', () => route.set(parseRoute(location.hash)));

/** Goes to a view; with `replace`, the back button skips the current one. */
export function go(view: View, params: Readonly<Record<string, string | undefined>>, replace = false): void {
  const hash = routeTo(view, params);
  if (!replace) {
    location.hash = hash;
    // The browser tells of the change later. What runs until then must see the new address.
    route.set(parseRoute(hash));
    return;
  }
  history.replaceState(null, '', hash);
  route.set(parseRoute(hash));
}
