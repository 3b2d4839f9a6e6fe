import { lambdaOf } from './lambda.ts';

/** The event with which the governor lets the relay commit heartbeats. It then ends like one that a writer woke. */
export const BEAT = { wake: true, beat: true };

/** Invokes the relay of an owner. It never throws: a relay that wasn't woken runs within a minute. */
export type RelayWake = () => Promise<void>;

/**
 * Creates a function that wakes the relay's Lambda function, to be called after a commit. A call returns when Lambda
 * has accepted an invocation that began after the call, so calls at the same time share invocations. Use it for a relay
 * that doesn't stay idle (`keepRelaying` of `PostgresOwner`). It needs `@aws-sdk/client-lambda`.
 *
 * @param options.functionName name or ARN of `PostgresOwner.relay`
 * @param options.invoke invokes the function; default: asynchronously, with the SDK
 */
export function createRelayWake(options: {
  readonly functionName: string;
  readonly invoke?: (functionName: string) => Promise<unknown>;
}): RelayWake {
  const { functionName, invoke = async (name) => (await lambdaOf())(name) } = options;
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const once = async (): Promise<void> => {
    try {
      await invoke(functionName);
    } catch {
      // The schedule runs the relay within a minute. The commit succeeded, so its caller must not see an error.
    }
  };
  const start = (): Promise<void> => {
    const begun = once().finally(() => {
      if (running === begun) running = undefined;
    });
    running = begun;
    return begun;
  };
  return () => {
    if (running === undefined) return start();
    next ??= running.then(() => {
      next = undefined;
      return start();
    });
    return next;
  };
}
