/**
 * Returns JSON that SQS accepts as the body of a message. SQS refuses U+FFFE and U+FFFF (sqs/API_SendMessage), which
 * `JSON.stringify` leaves as they are, so they are written as escapes. It escapes the other ones that SQS refuses.
 */
export function messageJson(value: unknown): string {
  return JSON.stringify(value).replace(/[\uFFFE\uFFFF]/g, (one) => (one === '\uFFFE' ? '\\uFFFE' : '\\uFFFF'));
}
