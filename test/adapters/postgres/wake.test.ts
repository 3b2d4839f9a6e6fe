import { expect, test } from 'vitest';
import { createRelayWake } from '../../../adapters/postgres/wake.ts';

test('calls at the same time share invocations, and each is followed by one that began after it', async () => {
  const begun: number[] = [];
  const gates: (() => void)[] = [];
  const wake = createRelayWake({
    functionName: 'relay',
    invoke: () => {
      begun.push(begun.length);
      return new Promise<void>((resolve) => gates.push(resolve));
    },
  });
  const first = wake();
  const others = [wake(), wake(), wake()];
  expect(begun).toHaveLength(1);
  gates[0]?.();
  await first;
  await expect.poll(() => begun).toHaveLength(2);
  gates[1]?.();
  await Promise.all(others);
  expect(begun).toHaveLength(2);
});

test('a relay that cannot be woken is no error of the commit', async () => {
  const wake = createRelayWake({ functionName: 'relay', invoke: () => Promise.reject(new Error('throttled')) });
  await expect(wake()).resolves.toBeUndefined();
  await expect(wake()).resolves.toBeUndefined();
});
