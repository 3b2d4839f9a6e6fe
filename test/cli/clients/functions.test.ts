import type { LambdaClient } from '@aws-sdk/client-lambda';
import { expect, test } from 'vitest';
import { isStopped, stoppedAmong } from '../../../cli/clients/functions.ts';

test('stopped functions are asked for a few at a time, and one that may not be read is unknown', async () => {
  let atOnce = 0;
  let most = 0;
  const send = async ({ input: { FunctionName } }: { input: { FunctionName: string } }) => {
    atOnce += 1;
    most = Math.max(most, atOnce);
    await new Promise(setImmediate);
    atOnce -= 1;
    if (FunctionName === 'f7') throw Object.assign(new Error('no'), { name: 'AccessDeniedException' });
    return { ReservedConcurrentExecutions: FunctionName === 'f3' ? 0 : undefined };
  };
  const names = Array.from({ length: 100 }, (_, index) => `f${index}`);
  const client = { send } as unknown as LambdaClient;
  expect(await stoppedAmong(client, names)).toEqual({ stopped: ['f3'], unknown: ['f7'] });
  expect(most).toBeLessThanOrEqual(16);
});

test('a function is unknown, and nothing fails, while Lambda throttles the reads', async () => {
  const error = Object.assign(new Error('Rate exceeded'), { name: 'TooManyRequestsException' });
  expect(await isStopped({ send: () => Promise.reject(error) } as unknown as LambdaClient, 'f')).toBeUndefined();
});
