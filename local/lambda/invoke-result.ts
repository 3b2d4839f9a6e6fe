/** The result of one invocation. `payload` is the function's response, parsed from JSON. */
export type InvokeResult =
  | { readonly ok: true; readonly payload: unknown }
  | { readonly ok: false; readonly error: 'Unhandled' | 'TimedOut' | 'Throttled'; readonly message: string };
