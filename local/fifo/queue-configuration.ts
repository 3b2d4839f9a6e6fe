import { invalidValue } from './errors.ts';
import { type Attributes, completeAttributes, type QueueSettings, readSettings } from './queue-attributes.ts';

/** What identifies a queue. */
export interface QueueIdentity {
  readonly name: string;
  readonly arn: string;
  readonly isFifo: boolean;
}

/** A queue's attributes, completed with defaults: parsed, and as strings. */
export interface QueueConfiguration {
  settings(): QueueSettings;
  /** The attributes by AWS's names, all as strings, without message counts (sqs-api/API_GetQueueAttributes). */
  attributes(): Record<string, string>;
  change(given: Attributes): void;
}

/** @param findQueue finds the dead-letter queue of a redrive policy */
export function createQueueConfiguration(
  queue: QueueIdentity,
  given: Attributes,
  now: () => number,
  findQueue: (arn: string) => QueueIdentity | undefined,
): QueueConfiguration {
  const createdAtMs = now();
  let modifiedAtMs = createdAtMs;
  let attributes: Attributes = {};
  let settings: QueueSettings;

  function set(changed: Attributes): void {
    const complete = completeAttributes(queue.name, changed);
    const read = readSettings(complete);
    const targetArn = read.redrive?.deadLetterTargetArn;
    if (targetArn !== undefined && complete.RedrivePolicy !== attributes.RedrivePolicy)
      checkDeadLetterQueue(queue, targetArn, findQueue(targetArn));
    attributes = complete;
    settings = read;
  }

  set(given);
  return {
    settings: () => settings,
    attributes() {
      const all: Record<string, string> = {
        ...attributes,
        QueueArn: queue.arn,
        CreatedTimestamp: String(Math.floor(createdAtMs / 1000)),
        LastModifiedTimestamp: String(Math.floor(modifiedAtMs / 1000)),
      };
      if (all.RedrivePolicy === '') delete all.RedrivePolicy;
      return all;
    },
    change(changed) {
      set({ ...attributes, ...changed });
      modifiedAtMs = now();
    },
  };
}

function checkDeadLetterQueue(queue: QueueIdentity, targetArn: string, target: QueueIdentity | undefined): void {
  if (target !== undefined && target.arn !== queue.arn && target.isFifo === queue.isFifo) return;
  const allowed = `The queue must exist, must not be ${queue.name} itself, and must be ${queue.isFifo ? 'FIFO' : 'standard'} like it.`;
  throw invalidValue(`Value ${targetArn} for parameter RedrivePolicy is invalid. Reason: ${allowed}`);
}
