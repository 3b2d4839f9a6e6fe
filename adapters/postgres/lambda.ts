/** The payload that distinguishes a wake-up from the schedule. */
const WAKE = Buffer.from(JSON.stringify({ wake: true }));

/**
 * Returns a function that invokes a Lambda function asynchronously. The SDK's client is loaded only now, because it is
 * an optional peer that an owner without wake-ups doesn't need.
 */
export async function lambdaOf(): Promise<(functionName: string) => Promise<unknown>> {
  const [{ InvokeCommand }, { lambdaClient }] = await Promise.all([
    import('@aws-sdk/client-lambda'),
    import('../aws/lambda-client.ts'),
  ]);
  const client = lambdaClient();
  return (functionName) =>
    client.send(new InvokeCommand({ FunctionName: functionName, InvocationType: 'Event', Payload: WAKE }));
}
