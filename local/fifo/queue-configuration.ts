import { invalidValue } from './errors.ts';
import { type Attributes, completeAttributes, type QueueSettings, readSettings } from './queue-attributes.ts';

/** What identifies a queue to others. */
export interface QueueIdentity {
  readonly name: string;
  readonly arn: string;
  readonly isFifo: boolean;
}

/** A queue's attributes: as they were given, completed by the defaults, and what they mean. */
export class QueueConfiguration {
  readonly #queue: QueueIdentity;
  readonly #now: () => number;
  readonly #findQueue: (arn: string) => QueueIdentity | undefined;
  readonly #createdAtMs: number;
  #attributes: Attributes = {};
  #settings: QueueSettings;
  #modifiedAtMs: number;

  constructor(
    queue: QueueIdentity,
    attributes: Attributes,
    now: () => number,
    findQueue: (arn: string) => QueueIdentity | undefined,
  ) {
    this.#queue = queue;
    this.#now = now;
    this.#findQueue = findQueue;
    this.#createdAtMs = now();
    this.#modifiedAtMs = this.#createdAtMs;
    this.#settings = this.#set(attributes);
  }

  get settings(): QueueSettings {
    return this.#settings;
  }

  /** By AWS's names, all as strings; without the counts (sqs-api/API_GetQueueAttributes). */
  attributes(): Record<string, string> {
    const attributes: Record<string, string> = {
      ...this.#attributes,
      QueueArn: this.#queue.arn,
      CreatedTimestamp: String(Math.floor(this.#createdAtMs / 1000)),
      LastModifiedTimestamp: String(Math.floor(this.#modifiedAtMs / 1000)),
    };
    if (attributes.RedrivePolicy === '') delete attributes.RedrivePolicy;
    return attributes;
  }

  change(attributes: Attributes): void {
    this.#settings = this.#set({ ...this.#attributes, ...attributes });
    this.#modifiedAtMs = this.#now();
  }

  #set(attributes: Attributes): QueueSettings {
    const { name, arn, isFifo } = this.#queue;
    const complete = completeAttributes(name, attributes);
    const settings = readSettings(complete);
    const targetArn = settings.redrive?.deadLetterTargetArn;
    if (targetArn !== undefined && complete.RedrivePolicy !== this.#attributes.RedrivePolicy) {
      const target = this.#findQueue(targetArn);
      if (target === undefined || target.arn === arn || target.isFifo !== isFifo) {
        const allowed = `It must exist, be another queue and ${isFifo ? 'FIFO' : 'standard'} as ${name} is.`;
        throw invalidValue(`Value ${targetArn} for parameter RedrivePolicy is invalid. Reason: ${allowed}`);
      }
    }
    this.#attributes = complete;
    return settings;
  }
}
