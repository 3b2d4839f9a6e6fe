import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { InvokeResult } from '../lambda/invoke-result.ts';
import type { Answer } from './errors.ts';
import { invalidParameter, refusal } from './lambda-answers.ts';

/** Largest request and response of a synchronous invocation (lambda/latest/dg/gettingstarted-limits). */
const MAX_PAYLOAD_BYTES = 6 * 1_048_576;

/** Why an Invoke is refused before the function runs; undefined if it isn't. */
export function invokeProblem(request: IncomingMessage, body: string, query: URLSearchParams): Answer | undefined {
  const type = request.headers['x-amz-invocation-type'] ?? 'RequestResponse';
  if (type !== 'RequestResponse') {
    return invalidParameter(`The invocation type ${type} is not emulated. Supported: RequestResponse.`);
  }
  const qualifier = query.get('Qualifier') ?? '$LATEST';
  if (qualifier !== '$LATEST') {
    return invalidParameter(`Versions and aliases are not emulated. Given: ${qualifier}. Supported: $LATEST.`);
  }
  const bytes = Buffer.byteLength(body);
  if (bytes > MAX_PAYLOAD_BYTES) {
    const message = `${bytes} byte payload is too large for the RequestResponse invocation type (limit ${MAX_PAYLOAD_BYTES} bytes)`;
    return refusal(413, 'RequestTooLargeException', { Type: 'User', message });
  }
  try {
    if (body !== '') JSON.parse(body);
  } catch (error) {
    const message = `Could not parse request body into json: ${error instanceof Error ? error.message : 'unreadable'}`;
    return refusal(400, 'InvalidRequestContentException', { Type: 'User', message });
  }
  return undefined;
}

/** The answer to an Invoke whose function has ended. */
export function invokeAnswer(result: InvokeResult): Answer {
  if (!result.ok && result.error === 'Throttled') {
    const Reason = 'ReservedFunctionConcurrentInvocationLimitExceeded';
    return refusal(429, 'TooManyRequestsException', { Reason, Type: 'User', message: 'Rate Exceeded.' });
  }
  const headers = {
    'content-type': 'application/json',
    'x-amzn-requestid': randomUUID(),
    'x-amz-executed-version': '$LATEST',
  };
  if (result.ok) return { status: 200, headers, body: JSON.stringify(result.payload) };
  // A function's error has the status 200, because the invocation itself succeeded
  // (lambda/latest/dg/invocation-retries).
  const functionError = { ...headers, 'x-amz-function-error': 'Unhandled' };
  return { status: 200, headers: functionError, body: JSON.stringify(failureOf(result)) };
}

/** The host reports a function's error as `type: message`. */
function failureOf({ error, message }: InvokeResult & { ok: false }): object {
  if (error === 'TimedOut') return { errorType: 'Sandbox.Timedout', errorMessage: message };
  const colon = message.indexOf(': ');
  return colon === -1
    ? { errorType: 'Error', errorMessage: message }
    : { errorType: message.slice(0, colon), errorMessage: message.slice(colon + 2) };
}
