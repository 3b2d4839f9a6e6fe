import { DynamoDBClient, TransactionCanceledException, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, test, vi } from 'vitest';
import { unlessDone } from '../../../examples/shop/service/writes.ts';

/**
 * Returns a client whose first writes are cancelled and whose later writes succeed.
 *
 * @param codes the reason of each cancelled write
 */
function clientThat(...codes: readonly string[]) {
  const client = new DynamoDBClient({ region: 'us-east-1' });
  const send = vi.spyOn(client, 'send');
  for (const Code of codes) {
    const CancellationReasons = [{ Code: 'None' }, { Code }];
    send.mockRejectedValueOnce(new TransactionCanceledException({ CancellationReasons, $metadata: {}, message: Code }));
  }
  send.mockResolvedValue(undefined as never);
  return { client, send };
}

const write = new TransactWriteItemsCommand({ TransactItems: [] });

describe('unlessDone', () => {
  test.each([
    ['makes a write once', [], 1],
    ['does nothing if the write was made before', ['ConditionalCheckFailed'], 1],
    ['retries a write that conflicts with another one', ['TransactionConflict', 'TransactionConflict'], 3],
    ['does nothing if the conflicting write was the same', ['TransactionConflict', 'ConditionalCheckFailed'], 2],
  ])('unlessDone %s', async (_, codes, times) => {
    const { client, send } = clientThat(...codes);
    await unlessDone(client, write);
    expect(send).toHaveBeenCalledTimes(times);
  });

  test.each([
    ['conflicts with other writes four times', Array.from({ length: 4 }, () => 'TransactionConflict')],
    ['is throttled', ['ThrottlingError']],
  ])('unlessDone fails if the write %s', async (_, codes) => {
    await expect(unlessDone(clientThat(...codes).client, write)).rejects.toThrow(TransactionCanceledException);
  });
});
