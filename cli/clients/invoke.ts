import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { ClientOptions } from 'freshet-aws/internal/adapters/aws/clients';
import * as z from 'zod/mini';
import { PATIENCE } from './patient.ts';

/** `failed`: the function threw an error, timed out or crashed. Its earlier changes remain. */
export type FunctionAnswer<T> =
  | { readonly kind: 'answered'; readonly value: T }
  | { readonly kind: 'failed'; readonly message: string };

/** What of a deployment carries out an operator's requests. */
export type Operated = 'repair function' | 'surveyor';

/** A function that threw an error, timed out or crashed. The same request may be made again. */
export class FunctionFailed extends Error {
  override readonly name = 'FunctionFailed';
  readonly operated: Operated;

  /** @param of the cache or the owner */
  constructor(operated: Operated, of: string, why: string) {
    super(`the ${operated} of ${of} failed: ${why.replace(/\.?$/, '.')} You can run the command again.`);
    this.operated = operated;
  }
}

/** The function's time-out is a minute, so it can't answer after 65 s. */
const INVOKE_TIMEOUT_MS = 65_000;

/** A Lambda client. It isn't defined with the other clients, because no function's bundle needs it. */
export function lambdaClient(options: ClientOptions = {}): LambdaClient {
  return new LambdaClient({ ...options, ...PATIENCE });
}

const functionError = z.object({ errorType: z.string(), errorMessage: z.string() });

/** Sends a request to a function and reads its answer. Throws if it can't be reached, or answers something else. */
export async function askFunction<T>(
  client: LambdaClient,
  FunctionName: string,
  request: object,
  schema: z.ZodMiniType<T>,
): Promise<FunctionAnswer<T>> {
  const { FunctionError, Payload } = await client.send(
    new InvokeCommand({ FunctionName, Payload: JSON.stringify(request) }),
    { requestTimeout: INVOKE_TIMEOUT_MS },
  );
  const answer: unknown = JSON.parse(Payload?.transformToString() ?? 'null');
  if (FunctionError !== undefined) {
    const { errorType = FunctionError, errorMessage = '' } = functionError.safeParse(answer).data ?? {};
    return { kind: 'failed', message: `${errorType}: ${errorMessage}` };
  }
  const parsed = schema.safeParse(answer);
  if (parsed.success) return { kind: 'answered', value: parsed.data };
  throw new Error(`${FunctionName} returned an unexpected answer: ${JSON.stringify(answer)}`);
}
