import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { type ClientOptions, requestHandler, shortRetry } from './clients.ts';

/** A Lambda client. Only functions that invoke others load it. */
export function lambdaClient(options: ClientOptions = {}): LambdaClient {
  return new LambdaClient({ ...options, requestHandler, retryStrategy: shortRetry() });
}

/** Invokes a function asynchronously. Lambda accepts the event also if the function is stopped. */
export async function invokeLater(client: LambdaClient, functionName: string, event: object): Promise<void> {
  const Payload = Buffer.from(JSON.stringify(event));
  await client.send(new InvokeCommand({ FunctionName: functionName, InvocationType: 'Event', Payload }));
}
