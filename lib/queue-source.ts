import type { EventSourceMappingOptions, IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';

/**
 * Invokes a function with the messages of a queue. The function returns the messages that failed.
 *
 * It doesn't use the CDK's `SqsEventSource`, whose id contains the path of the queue's construct. If that path changes,
 * CloudFormation creates a second mapping of the same queue and function, which Lambda refuses.
 *
 * @param id id of the mapping in the function: a name that doesn't depend on the queue's place in the app
 */
export function mapQueue(
  fn: IFunction,
  id: string,
  queue: IQueue,
  options: Pick<EventSourceMappingOptions, 'batchSize' | 'maxConcurrency' | 'provisionedPollerConfig'>,
): void {
  fn.addEventSourceMapping(id, { eventSourceArn: queue.queueArn, reportBatchItemFailures: true, ...options });
  queue.grantConsumeMessages(fn);
}
