import { GetFunctionConcurrencyCommand, type LambdaClient } from '@aws-sdk/client-lambda';

/** Whether a function is stopped: it has a reserved concurrency of 0 (lambda/configuration-concurrency). */
export async function isStopped(client: LambdaClient, functionName: string): Promise<boolean> {
  const { ReservedConcurrentExecutions } = await client.send(
    new GetFunctionConcurrencyCommand({ FunctionName: functionName }),
  );
  return ReservedConcurrentExecutions === 0;
}
