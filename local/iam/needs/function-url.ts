import type { Need } from './need.ts';

/** With `AWS_IAM`, all callers must sign their requests. With `NONE`, signatures aren't needed. */
export type UrlAuthType = 'AWS_IAM' | 'NONE';

/**
 * The permissions to call a function by its URL. URLs created since October 2025 need both (lam/urls-auth, 2026-12-01).
 */
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
