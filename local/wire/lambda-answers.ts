import { randomUUID } from 'node:crypto';
import { LOCAL_ACCOUNT_ID, LOCAL_REGION } from '../identity.ts';
import type { Answer } from './errors.ts';

/** The answer to a Lambda request that succeeded. */
export function lambdaAnswer(status: number, body: object): Answer {
  const headers = { 'content-type': 'application/json', 'x-amzn-requestid': randomUUID() };
  return { status, headers, body: JSON.stringify(body) };
}

/** The answer without a body: status 204. */
export function noContent(): Answer {
  return { status: 204, headers: { 'x-amzn-requestid': randomUUID() }, body: '' };
}

/** One of Lambda's errors. @param type the error's name, such as `ResourceNotFoundException` */
export function refusal(status: number, type: string, body: object): Answer {
  const headers = {
    'content-type': 'application/json',
    'x-amzn-errortype': type,
    'x-amzn-requestid': randomUUID(),
  };
  return { status, headers, body: JSON.stringify(body) };
}

export function invalidParameter(message: string): Answer {
  return refusal(400, 'InvalidParameterValueException', { Type: 'User', message });
}

/** @param given the function as the request names it */
export function functionNotFound(given: string): Answer {
  const arn = given.startsWith('arn:') ? given : `arn:aws:lambda:${LOCAL_REGION}:${LOCAL_ACCOUNT_ID}:function:${given}`;
  return refusal(404, 'ResourceNotFoundException', { Type: 'User', Message: `Function not found: ${arn}` });
}

/** The JSON of a request's body; undefined if it isn't JSON. */
export function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
