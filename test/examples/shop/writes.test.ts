import { DynamoDBClient, TransactionCanceledException, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, test, vi } from 'vitest';
import { unlessDone } from '../../../examples/shop/service/writes.ts';

/** A client whose writes end as said, one after the other; then they succeed. @param codes of why a write is cancelled */
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

describe('a write of all or nothing', () => {
  test.each([
    ['is made once', [], 1],
    ['is nothing where it was made before', ['ConditionalCheckFailed'], 1],
    ['is tried again where another is in its way', ['TransactionConflict', 'TransactionConflict'], 3],
    ['is nothing where the other one was the same', ['TransactionConflict', 'ConditionalCheckFailed'], 2],
  ])('%s', async (_, codes, times) => {
    const { client, send } = clientThat(...codes);
    await unlessDone(client, write);
    expect(send).toHaveBeenCalledTimes(times);
  });

  test.each([
    ['another stays in its way', Array.from({ length: 4 }, () => 'TransactionConflict')],
    ['it is too much', ['ThrottlingError']],
  ])('fails where %s', async (_, codes) => {
    await expect(unlessDone(clientThat(...codes).client, write)).rejects.toThrow(TransactionCanceledException);
  });
});
