import type { IncomingMessage } from 'node:http';
import * as z from 'zod/mini';
import { deniedRequest, type Guard } from '../iam/check-request.ts';
import type { FunctionState } from '../lambda/function-pool.ts';
import { lambdaDenial } from './denials.ts';
import type { Answer } from './errors.ts';
import { ACCEPTED, invocationType, invokeAnswer, invokeProblem } from './invoke.ts';
import { functionNotFound, invalidParameter, lambdaAnswer, noContent, parsed, refusal } from './lambda-answers.ts';
import { configurationOf, updateConfiguration } from './lambda-configuration.ts';
import { answerMappings, MAPPING_OPERATIONS } from './lambda-mappings.ts';
import type { Configurable, LambdaRequest, Mapped } from './lambda-request.ts';

/** Lambda's REST paths begin with the API version that introduced them, such as 2015-03-31 (lambda/latest/api). */
const API_PATH = /^\/\d{4}-\d{2}-\d{2}\//;

/** An operation on one function, which the path names by name, ARN or partial ARN, with an optional qualifier. */
interface FunctionOperation {
  readonly method: string;
  /** The first group is the function. */
  readonly path: RegExp;
  readonly action: string;
  answer(found: FunctionState, request: LambdaRequest): Answer | Promise<Answer>;
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html */
const OPERATIONS: Readonly<Record<string, FunctionOperation>> = {
  Invoke: {
    method: 'POST',
    path: /^\/2015-03-31\/functions\/([^/]+)\/invocations$/,
    action: 'lambda:InvokeFunction',
    async answer({ name }, { request, body, query, functions }) {
      const problem = invokeProblem(request, body, query);
      if (problem !== undefined) return problem;
      // Without a payload, the function gets an empty object.
      const event: unknown = JSON.parse(body === '' ? '{}' : body);
      if (invocationType(request) === 'RequestResponse') return invokeAnswer(await functions.invoke(name, event));
      functions.invokeLater(name, event);
      return ACCEPTED;
    },
  },
  GetFunctionConcurrency: {
    method: 'GET',
    path: /^\/2019-09-30\/functions\/([^/]+)\/concurrency$/,
    action: 'lambda:GetFunctionConcurrency',
    // For a function without reserved concurrency, the answer is an empty object.
    answer: ({ reserved }) => lambdaAnswer(200, { ReservedConcurrentExecutions: reserved }),
  },
  PutFunctionConcurrency: {
    method: 'PUT',
    path: /^\/2017-10-31\/functions\/([^/]+)\/concurrency$/,
    action: 'lambda:PutFunctionConcurrency',
    answer: putConcurrency,
  },
  DeleteFunctionConcurrency: {
    method: 'DELETE',
    path: /^\/2017-10-31\/functions\/([^/]+)\/concurrency$/,
    action: 'lambda:DeleteFunctionConcurrency',
    answer({ name }, { functions }) {
      functions.setReservedConcurrency(name, undefined);
      return noContent();
    },
  },
  GetFunctionConfiguration: {
    method: 'GET',
    path: /^\/2015-03-31\/functions\/([^/]+)\/configuration$/,
    action: 'lambda:GetFunctionConfiguration',
    answer: (found, { functions }) => lambdaAnswer(200, configurationOf(found, functions)),
  },
  UpdateFunctionConfiguration: {
    method: 'PUT',
    path: /^\/2015-03-31\/functions\/([^/]+)\/configuration$/,
    action: 'lambda:UpdateFunctionConfiguration',
    answer: updateConfiguration,
  },
};

const LIST_FUNCTIONS = /^\/2015-03-31\/functions\/?$/;

/** Whether a request is meant for Lambda. */
export function isForLambda(request: IncomingMessage): boolean {
  return API_PATH.test(request.url ?? '');
}

/** Answers a request to Lambda, with AWS's error for an operation that isn't emulated. Never throws. */
export async function answerLambda(
  request: IncomingMessage,
  body: string,
  { functions, mappings }: { readonly functions: Configurable; readonly mappings: Mapped },
  guard: Guard,
): Promise<Answer> {
  try {
    const [path = '', query = ''] = (request.url ?? '').split('?');
    const asked = { request, body, query: new URLSearchParams(query), functions };
    if (request.method === 'GET' && LIST_FUNCTIONS.test(path)) return listFunctions(asked, guard);
    const ofMappings = await answerMappings(path, asked, mappings, guard);
    if (ofMappings !== undefined) return ofMappings;
    for (const operation of Object.values(OPERATIONS)) {
      const [, name] = operation.path.exec(path) ?? [];
      if (name !== undefined && request.method === operation.method)
        return await operate(operation, name, asked, guard);
    }
    const supported = ['ListFunctions', ...MAPPING_OPERATIONS, ...Object.keys(OPERATIONS)].join(', ');
    return refusal(404, 'UnknownOperationException', {
      message: `Lambda ${request.method} ${request.url} is not emulated. Supported: ${supported}.`,
    });
  } catch (error) {
    return refusal(500, 'ServiceException', { Type: 'Service', Message: `Bug in the emulator: ${String(error)}` });
  }
}

async function operate(
  { action, answer }: FunctionOperation,
  given: string,
  asked: LambdaRequest,
  guard: Guard,
): Promise<Answer> {
  const name = unescaped(given);
  const found = asked.functions.functions().find((one) => one.name === nameOf(name));
  if (found === undefined) return functionNotFound(name);
  const { authorization } = asked.request.headers;
  const denial = deniedRequest(guard, authorization, () => [{ action, resource: found.arn }]);
  return denial ? lambdaDenial(denial) : answer(found, asked);
}

/** All functions on one page, with the fields that name them. */
function listFunctions({ request, functions }: LambdaRequest, guard: Guard): Answer {
  const needs = () => [{ action: 'lambda:ListFunctions', resource: '*' }];
  const denial = deniedRequest(guard, request.headers.authorization, needs);
  if (denial) return lambdaDenial(denial);
  const listed = functions.functions().map(({ name, arn }) => ({ FunctionName: name, FunctionArn: arn }));
  return lambdaAnswer(200, { Functions: listed });
}

const concurrency = z.object({ ReservedConcurrentExecutions: z.int().check(z.minimum(0)) });

/** lambda/latest/api/API_PutFunctionConcurrency: an integer from 0. The limit of the account isn't emulated. */
function putConcurrency({ name }: FunctionState, { body, functions }: LambdaRequest): Answer {
  const given = concurrency.safeParse(parsed(body)).data;
  if (given === undefined) return invalidParameter('ReservedConcurrentExecutions must be an integer from 0.');
  functions.setReservedConcurrency(name, given.ReservedConcurrentExecutions);
  return lambdaAnswer(200, given);
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
