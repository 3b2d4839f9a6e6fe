/** Sequence numbers as AWS gives them: 20 digits, strictly increasing (sqs-api/API_SendMessage, sns/fifo-message-delivery). */
export class SequenceNumbers {
  readonly #suffix: string;
  #last = 0;

  /** @param suffix digits that every number ends with, so that those of SNS are not those of SQS */
  constructor(suffix = '') {
    this.#suffix = suffix;
  }

  next(): string {
    this.#last += 1;
    return `1${String(this.#last).padStart(19 - this.#suffix.length, '0')}${this.#suffix}`;
  }
}
