import {
  DeleteFunctionConcurrencyCommand,
  GetFunctionConcurrencyCommand,
  type LambdaClient,
  PutFunctionConcurrencyCommand,
  paginateListFunctions,
} from '@aws-sdk/client-lambda';

/** Whether a function is stopped: it has a reserved concurrency of 0 (lambda/configuration-concurrency). */
export async function isStopped(client: LambdaClient, functionName: string): Promise<boolean> {
  const { ReservedConcurrentExecutions } = await client.send(
    new GetFunctionConcurrencyCommand({ FunctionName: functionName }),
  );
  return ReservedConcurrentExecutions === 0;
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

/** Those functions of the given ones that are stopped. */
export async function stoppedAmong(client: LambdaClient, names: readonly string[]): Promise<string[]> {
  const stopped = await Promise.all(names.map((name) => isStopped(client, name)));
  return names.filter((_, index) => stopped[index]);
}
