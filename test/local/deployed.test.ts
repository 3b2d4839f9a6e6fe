import { describe, expect, test } from 'vitest';
import { factsIn, sagaIn } from '../../local/deployed.ts';
import { sales, shipping } from '../support/sagas.ts';

const facts = {
  role: 'facts',
  boundary: 'sales',
  table: 'Sales-Facts',
  topicArn: 'arn:aws:sns:eu-central-1:1:sales.fifo',
  failureQueueUrl: 'http://queue',
  relay: 'Sales-Relay',
};
const saga = { role: 'saga', name: 'shipping', table: 'Shipping-Saga', decider: 'Shipping-Decide' };
const outputs = {
  Sales: { Facts: JSON.stringify(facts), Url: 'http://other' },
  Shipping: { Saga: JSON.stringify(saga) },
};

describe('what a local cloud runs', () => {
  test('the facts of a boundary and a saga are found by name, with their tables', () => {
    expect(factsIn({ outputs }, sales)).toEqual(facts);
    expect(sagaIn({ outputs }, shipping)).toEqual(saga);
  });

  test('facts and sagas that do not run in the local cloud are refused with the names of those that do', () => {
    expect(() => factsIn({ outputs }, { name: 'billing' })).toThrowError(
      expect.objectContaining({
        code: 'UnknownFact',
        message: 'facts: boundary "billing" has none in this local cloud. Running: sales.',
      }),
    );
    expect(() => sagaIn({ outputs }, { name: 'billing' })).toThrowError(
      expect.objectContaining({
        code: 'InvalidSaga',
        message: 'saga: there is no saga "billing" in this local cloud. Running: shipping.',
      }),
    );
    expect(() => sagaIn({ outputs: {} }, shipping)).toThrowError('Running: none.');
  });
});
