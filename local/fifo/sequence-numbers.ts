/**
 * Makes a function that returns AWS's sequence numbers: 20 digits, strictly increasing (sqs-api/API_SendMessage,
 * sns/fifo-message-delivery).
 * @param suffix digits at the end of every number, so that SNS and SQS numbers differ
 * @param after the number before the first one. At most 16 digits
 */
export function createSequence(suffix = '', after = 0): () => string {
  let last = after;
  return () => {
    last += 1;
    return `1${String(last).padStart(19 - suffix.length, '0')}${suffix}`;
  };
}
