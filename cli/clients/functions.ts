import {
  DeleteFunctionConcurrencyCommand,
  GetFunctionConcurrencyCommand,
  type LambdaClient,
  PutFunctionConcurrencyCommand,
  paginateListEventSourceMappings,
  paginateListFunctions,
} from '@aws-sdk/client-lambda';
import { sideBySide } from 'freshet-aws/internal/core/side-by-side';
import { isDenied } from '../errors.ts';

/**
 * Whether a function is stopped: it has a reserved concurrency of 0 (lambda/configuration-concurrency). Undefined if
 * its concurrency may not be read, or if Lambda throttles the reads.
 */
export async function isStopped(client: LambdaClient, functionName: string): Promise<boolean | undefined> {
  try {
    const { ReservedConcurrentExecutions } = await client.send(
      new GetFunctionConcurrencyCommand({ FunctionName: functionName }),
    );
    return ReservedConcurrentExecutions === 0;
  } catch (error) {
    if (isDenied(error) || isThrottled(error)) return undefined;
    throw error;
  }
}

/** The error after the SDK's own retries (lambda/API_GetFunctionConcurrency). */
function isThrottled(error: unknown): boolean {
  return error instanceof Error && error.name === 'TooManyRequestsException';
}

/** Stops a function: AWS then throttles every invocation. */
export async function stopFunction(client: LambdaClient, functionName: string): Promise<void> {
  await client.send(new PutFunctionConcurrencyCommand({ FunctionName: functionName, ReservedConcurrentExecutions: 0 }));
}

/** Removes a function's reserved concurrency, so that a stopped function runs again. */
export async function startFunction(client: LambdaClient, functionName: string): Promise<void> {
  await client.send(new DeleteFunctionConcurrencyCommand({ FunctionName: functionName }));
}

/** The names of all functions of the account and region, sorted. */
export async function functionNames(client: LambdaClient): Promise<string[]> {
  const names: string[] = [];
  for await (const { Functions = [] } of paginateListFunctions({ client }, {}))
    names.push(...Functions.flatMap(({ FunctionName }) => FunctionName ?? []));
  return names.sort();
}

/** Lambda allows few of these requests a second. */
const READS_AT_ONCE = 8;

/** Those functions of the given ones that are stopped, and those whose concurrency may not be read. */
export async function stoppedAmong(
  client: LambdaClient,
  names: readonly string[],
  read: (name: string) => Promise<boolean | undefined> = (name) => isStopped(client, name),
): Promise<StoppedFunctions> {
  const stopped = await sideBySide(names, READS_AT_ONCE, read);
  return {
    stopped: names.filter((_, index) => stopped[index]),
    unknown: names.filter((_, index) => stopped[index] === undefined),
  };
}

/** The states of an event source mapping that doesn't read its source (lambda/API_EventSourceMappingConfiguration). */
const PAUSED: readonly string[] = ['Disabled', 'Disabling'];

/**
 * Those functions of the given ones that have a paused event source mapping.
 *
 * @param readsAll whether to read all mappings of the account and region with one request, not those of each function
 */
export async function pausedAmong(
  client: LambdaClient,
  names: readonly string[],
  readsAll: boolean,
): Promise<readonly string[]> {
  const filters = readsAll ? [{}] : names.map((FunctionName) => ({ FunctionName }));
  const paused = await sideBySide(filters, READS_AT_ONCE, async (filter) => {
    const found: string[] = [];
    for await (const { EventSourceMappings = [] } of paginateListEventSourceMappings({ client }, filter))
      for (const { State = '', FunctionArn = '' } of EventSourceMappings)
        if (PAUSED.includes(State)) found.push(/function:([^:]+)/.exec(FunctionArn)?.[1] ?? '');
    return found;
  });
  const all = new Set(paused.flat());
  return names.filter((name) => all.has(name));
}

/** The names of functions. */
export interface StoppedFunctions {
  readonly stopped: readonly string[];
  readonly unknown: readonly string[];
}
