import { describe, expect, test } from 'vitest';
import { isTransient } from '../../../adapters/aws/transient.ts';
import { FreshetError } from '../../../core/errors.ts';

/** An error as the AWS SDK throws it. */
const failure = (name: string, more: object = {}) =>
  Object.assign(new Error(name), { name, $metadata: { httpStatusCode: 400 }, ...more });
const cancelled = (...codes: string[]) =>
  failure('TransactionCanceledException', { CancellationReasons: codes.map((Code) => ({ Code })) });

describe('errors', () => {
  test.each<[string, Error]>([
    ['throttled requests', failure('ThrottlingException')],
    ['a table without capacity', failure('ProvisionedThroughputExceededException')],
    ['a status of 429', failure('Unknown', { $metadata: { httpStatusCode: 429 } })],
    ['an internal error', failure('InternalServerError', { $metadata: { httpStatusCode: 500 } })],
    ['an unusual server error', failure('Unknown', { $metadata: { httpStatusCode: 507 } })],
    ['a time-out of the SDK', failure('TimeoutError', { $metadata: {} })],
    ['a refused connection of the SDK', failure('Error', { $metadata: {}, code: 'ECONNREFUSED' })],
    ['a colliding transaction', failure('TransactionConflictException')],
    ['a cancelled transaction that was throttled', cancelled('None', 'ThrottlingError', 'TransactionConflict')],
    ['expired credentials', failure('ExpiredTokenException')],
    ['an error that was caused by one', new Error('no order', { cause: failure('ThrottlingException') })],
    ['an owner that refuses writes', new FreshetError('later', { code: 'Backpressure' })],
  ])('%s is transient', (_, error) => {
    expect(isTransient(error)).toBe(true);
  });

  test.each<[string, unknown]>([
    ['a refused item', failure('ValidationException')],
    ['a missing permission', failure('AccessDeniedException')],
    ['a cancelled transaction with a failed condition', cancelled('ThrottlingError', 'ConditionalCheckFailed')],
    ["another system's time-out", Object.assign(new Error('late'), { name: 'TimeoutError' })],
    ["another system's refused connection", Object.assign(new Error('no'), { code: 'ECONNREFUSED' })],
    ['a bug', new TypeError('x is undefined')],
    ['something that is no error', 'ThrottlingException'],
  ])('%s is not transient', (_, error) => {
    expect(isTransient(error)).toBe(false);
  });

  test('a chain of causes that leads back to itself ends', () => {
    const error: { cause?: unknown } & Error = new Error('round');
    error.cause = error;
    expect(isTransient(error)).toBe(false);
  });
});
