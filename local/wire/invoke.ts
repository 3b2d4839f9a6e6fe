import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { InvokeResult } from '../lambda/invoke-result.ts';
import type { Answer } from './errors.ts';
import { invalidParameter, refusal } from './lambda-answers.ts';

/** Largest request of an invocation, by its type (lambda/latest/dg/gettingstarted-limits). */
const MAX_PAYLOAD_BYTES: Readonly<Record<string, number>> = { RequestResponse: 6 * 1_048_576, Event: 1_048_576 };

/** How a function is invoked: `RequestResponse` waits for its answer, `Event` doesn't. */
export function invocationType({ headers }: IncomingMessage): string {
  return String(headers['x-amz-invocation-type'] ?? 'RequestResponse');
}

/** The answer to an asynchronous Invoke. The event is accepted also if the function is stopped. */
export const ACCEPTED: Answer = { status: 202, headers: {}, body: '' };

/** Why an Invoke is refused before the function runs; undefined if it isn't. */
export function invokeProblem(request: IncomingMessage, body: string, query: URLSearchParams): Answer | undefined {
  const type = invocationType(request);
  const most = MAX_PAYLOAD_BYTES[type];
  if (most === undefined) {
    const supported = Object.keys(MAX_PAYLOAD_BYTES).join(', ');
    return invalidParameter(`The invocation type ${type} is not emulated. Supported: ${supported}.`);
  }
  const qualifier = query.get('Qualifier') ?? '$LATEST';
  if (qualifier !== '$LATEST') {
    return invalidParameter(`Versions and aliases are not emulated. Given: ${qualifier}. Supported: $LATEST.`);
  }
  const bytes = Buffer.byteLength(body);
  if (bytes > most) {
    const message = `${bytes} byte payload is too large for the ${type} invocation type (limit ${most} bytes)`;
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
