/** The event that distinguishes a wake-up from the schedule. */
const WAKE = { wake: true };

/**
 * Returns a function that invokes a Lambda function asynchronously. The SDK's client is loaded only now, because it is
 * an optional peer that an owner without wake-ups doesn't need.
 */
export async function lambdaOf(): Promise<(functionName: string) => Promise<void>> {
  const { invokeLater, lambdaClient } = await import('../aws/lambda-client.ts');
  const client = lambdaClient();
  return (functionName) => invokeLater(client, functionName, WAKE);
}
