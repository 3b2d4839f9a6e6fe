import type { Need } from './need.ts';

/** Who is asked for a signature: all callers, or nobody. */
export type UrlAuthType = 'AWS_IAM' | 'NONE';

/** What calling a function by its URL needs: both, of each URL that was made since October 2025 (lam/urls-auth, 2026-12-01). */
export function functionUrlNeeds(functionArn: string, authType: UrlAuthType): Need[] {
  return [
    {
      action: 'lambda:InvokeFunctionUrl',
      resource: functionArn,
      context: { 'lambda:FunctionUrlAuthType': authType },
    },
    {
      action: 'lambda:InvokeFunction',
      resource: functionArn,
      context: { 'lambda:InvokedViaFunctionUrl': 'true' },
    },
  ];
}
