/**
 * An error that AWS documents for an operation, with AWS's own `code`. The message says what was given and what is
 * allowed.
 */
export class MessagingError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = code;
    this.code = code;
  }
}

/** SQS's error for a parameter with an invalid value. */
export function invalidValue(message: string): MessagingError {
  return new MessagingError('InvalidParameterValue', message);
}

/** SNS's error for a parameter that is missing or has an invalid value. */
export function invalidParameter(message: string): MessagingError {
  return new MessagingError('InvalidParameter', `Invalid parameter: ${message}`);
}

/** SNS's error for a value that SNS accepts, and the local cloud doesn't. */
export class NotEmulatedParameter extends MessagingError {
  /** The message without the words of SNS. */
  readonly reason: string;

  constructor(reason: string) {
    super('InvalidParameter', `Invalid parameter: ${reason}`);
    this.reason = reason;
  }
}
