import { isServerError, isThrottlingError, isTransientError } from '@smithy/core/retry';
import { FreshetError } from '../../core/errors.ts';

/** An error of an AWS SDK client: the client adds `$metadata` to every error that it throws. */
type SdkError = Error & { readonly $metadata: object; readonly CancellationReasons?: readonly { Code?: string }[] };

/**
 * Errors that pass by themselves and that the SDK doesn't list as retryable: collisions with other writers
 * (ddb/Programming.Errors), throttled keys (sqs/CommonErrors, sns/API_PublishBatch) and credentials that are being
 * renewed.
 */
const PASSING_ERRORS = [
  'TransactionConflictException',
  'ReplicatedWriteConflictException',
  'KmsThrottled',
  'KMSThrottlingException',
  'KMSThrottledException',
  'ExpiredToken',
  'ExpiredTokenException',
  'CredentialsProviderError',
];

/** Reasons that cancel a transaction and pass by themselves (ddb/API_TransactWriteItems). */
const PASSING_REASONS = ['None', 'ThrottlingError', 'ProvisionedThroughputExceeded', 'TransactionConflict'];

/** Most causes that are followed from an error. */
const MAX_CAUSES = 10;

/**
 * Whether an error says nothing about the message that it occurred on: AWS throttles, doesn't answer or fails, or an
 * owner refuses writes while its caches lag. A message is retried on such an error for as long as it lasts. The errors
 * of other systems, such as a payment provider's time-out, use up the retry budget.
 */
export function isTransient(error: unknown, depth = 0): boolean {
  if (!(error instanceof Error) || depth > MAX_CAUSES) return false;
  if (error instanceof FreshetError) return error.code === 'Backpressure' || isTransient(error.cause, depth + 1);
  return (isSdkError(error) && isPassing(error)) || isTransient(error.cause, depth + 1);
}

function isSdkError(error: Error): error is SdkError {
  return '$metadata' in error && typeof error.$metadata === 'object';
}

function isPassing(error: SdkError): boolean {
  const { name, CancellationReasons: reasons } = error;
  if (reasons !== undefined) return reasons.every(({ Code = 'None' }) => PASSING_REASONS.includes(Code));
  // The SDK's parameter type doesn't allow for exactOptionalPropertyTypes.
  const failure = error as Parameters<typeof isThrottlingError>[0];
  return (
    PASSING_ERRORS.includes(name) || isThrottlingError(failure) || isTransientError(failure) || isServerError(failure)
  );
}
