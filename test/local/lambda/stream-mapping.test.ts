import { expect, test } from 'vitest';
import { failure, record, runDelivery, success } from './virtual-delivery.ts';

test('the back-off of a stream mapping doubles from 100 ms to 5 s', async () => {
  let failures = 8;
  const { waits } = await runDelivery([record(1)], () => (failures-- > 0 ? failure : success), {});
  expect(waits).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
});
