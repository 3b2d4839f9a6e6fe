/** An error of CloudWatch, with AWS's code. */
export class CloudWatchError extends Error {
  override readonly name = 'CloudWatchError';
  readonly code:
    | 'InvalidAction'
    | 'InvalidParameterCombination'
    | 'InvalidParameterValue'
    | 'ResourceNotFound'
    | 'ValidationError';

  constructor(code: CloudWatchError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** AWS's error for an invalid request. */
export function invalid(message: string): CloudWatchError {
  return new CloudWatchError('ValidationError', message);
}
