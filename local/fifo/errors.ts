/** An error that AWS documents for an operation: `code` is AWS's own, the message says what was given and what is allowed. */
export class MessagingError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = code;
    this.code = code;
  }
}

/** SQS: a parameter has a value that the operation does not take. */
export function invalidValue(message: string): MessagingError {
  return new MessagingError('InvalidParameterValue', message);
}

/** SNS: a parameter is missing or has a value that the operation does not take. */
export function invalidParameter(message: string): MessagingError {
  return new MessagingError('InvalidParameter', `Invalid parameter: ${message}`);
}
