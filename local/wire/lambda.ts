import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { deniedRequest, type Guard } from '../iam/check-request.ts';
import { LOCAL_ACCOUNT_ID, LOCAL_REGION } from '../identity.ts';
import type { FunctionHost } from '../lambda/host.ts';
import type { InvokeResult } from '../lambda/invoke-result.ts';
import { lambdaDenial } from './denials.ts';
import type { Answer } from './errors.ts';

/** The functions that can be invoked over HTTP. */
export type Invokable = Pick<FunctionHost, 'invoke' | 'functions'>;

/** Lambda's REST paths begin with the API version that introduced them (lambda/latest/api). */
const API_PATHS = ['/2015-03-31/', '/2019-09-30/'];

/** The path names a function by name, ARN or partial ARN, with an optional qualifier (lambda/latest/api/API_Invoke). */
const INVOKE = /^\/2015-03-31\/functions\/([^/?]+)\/invocations(?:\?(.*))?$/;

/** The path of GetFunctionConcurrency (lambda/latest/api/API_GetFunctionConcurrency). */
const CONCURRENCY = /^\/2019-09-30\/functions\/([^/?]+)\/concurrency$/;

/** Largest request and response of a synchronous invocation (lambda/latest/dg/gettingstarted-limits). */
const MAX_PAYLOAD_BYTES = 6 * 1_048_576;

/** Whether a request is meant for Lambda. */
export function isForLambda(request: IncomingMessage): boolean {
  return API_PATHS.some((path) => request.url?.startsWith(path));
}

/**
 * Answers a request to Lambda: a synchronous Invoke, GetFunctionConcurrency, and AWS's error for every other request.
 * Never throws.
 */
export async function answerLambda(
  request: IncomingMessage,
  body: string,
  functions: () => Invokable,
  guard: Guard,
): Promise<Answer> {
  try {
    const concurrencyOf = request.method === 'GET' ? CONCURRENCY.exec(request.url ?? '')?.[1] : undefined;
    if (concurrencyOf !== undefined) return concurrency(concurrencyOf, functions(), request, guard);
    return await invoke(request, body, functions(), guard);
  } catch (error) {
    return refusal(500, 'ServiceException', { Type: 'Service', Message: `Bug in the emulator: ${String(error)}` });
  }
}

async function invoke(request: IncomingMessage, body: string, functions: Invokable, guard: Guard): Promise<Answer> {
  const [, name, query] = INVOKE.exec(request.url ?? '') ?? [];
  if (request.method !== 'POST' || name === undefined) {
    return refusal(404, 'UnknownOperationException', {
      message: `Lambda ${request.method} ${request.url} is not emulated. Supported: Invoke, GetFunctionConcurrency.`,
    });
  }
  const problem = requestProblem(request, body, query);
  if (problem !== undefined) return problem;
  const found = functionNamed(name, functions);
  if (found === undefined) return notFound(name);
  const needs = () => [{ action: 'lambda:InvokeFunction', resource: found.arn }];
  const denial = deniedRequest(guard, request.headers.authorization, needs);
  if (denial) return lambdaDenial(denial);
  // Without a payload, the function gets an empty object.
  return answer(await functions.invoke(found.name, JSON.parse(body === '' ? '{}' : body)));
}

/** Answers GetFunctionConcurrency. For a function without reserved concurrency, the answer is an empty object. */
function concurrency(name: string, functions: Invokable, request: IncomingMessage, guard: Guard): Answer {
  const found = functionNamed(name, functions);
  if (found === undefined) return notFound(name);
  const needs = () => [{ action: 'lambda:GetFunctionConcurrency', resource: found.arn }];
  const denial = deniedRequest(guard, request.headers.authorization, needs);
  if (denial) return lambdaDenial(denial);
  const headers = { 'content-type': 'application/json', 'x-amzn-requestid': randomUUID() };
  return { status: 200, headers, body: JSON.stringify({ ReservedConcurrentExecutions: found.reserved }) };
}

function functionNamed(name: string, functions: Invokable): ReturnType<Invokable['functions']>[number] | undefined {
  return functions.functions().find((one) => one.name === nameOf(unescaped(name)));
}

function notFound(name: string): Answer {
  const given = unescaped(name);
  const arn = given.startsWith('arn:') ? given : `arn:aws:lambda:${LOCAL_REGION}:${LOCAL_ACCOUNT_ID}:function:${given}`;
  return refusal(404, 'ResourceNotFoundException', { Type: 'User', Message: `Function not found: ${arn}` });
}

function unescaped(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** A function is given as `name`, `account:function:name` or ARN, each with or without a qualifier. */
function nameOf(given: string): string {
  const parts = given.split(':');
  const at = parts.indexOf('function');
  return (at === -1 ? parts[0] : parts[at + 1]) ?? '';
}

function requestProblem(request: IncomingMessage, body: string, query: string | undefined): Answer | undefined {
  const type = request.headers['x-amz-invocation-type'] ?? 'RequestResponse';
  if (type !== 'RequestResponse') {
    const message = `The invocation type ${type} is not emulated. Supported: RequestResponse.`;
    return refusal(400, 'InvalidParameterValueException', { Type: 'User', message });
  }
  const qualifier = new URLSearchParams(query).get('Qualifier') ?? '$LATEST';
  if (qualifier !== '$LATEST') {
    const message = `Versions and aliases are not emulated. Given: ${qualifier}. Supported: $LATEST.`;
    return refusal(400, 'InvalidParameterValueException', { Type: 'User', message });
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

function answer(result: InvokeResult): Answer {
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

function refusal(status: number, type: string, body: object): Answer {
  const headers = {
    'content-type': 'application/json',
    'x-amzn-errortype': type,
    'x-amzn-requestid': randomUUID(),
  };
  return { status, headers, body: JSON.stringify(body) };
}
