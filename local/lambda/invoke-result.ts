/** What one invocation of a Lambda function ended as; `payload` is the function's response, parsed from JSON. */
export type InvokeResult =
  | { ok: true; payload: unknown }
  | { ok: false; error: 'Unhandled' | 'TimedOut' | 'Throttled'; message: string };
