import { NotFoundException, SetTopicAttributesCommand, type SNSClient } from '@aws-sdk/client-sns';
import type { CloudFormationCustomResourceEvent, CloudFormationCustomResourceResponse } from 'aws-lambda';

/**
 * Handles the events of the custom resource of a topic's archive. When the resource is deleted, deactivates the
 * archive, because SNS refuses to delete a topic with an active one (sns/message-archiving-and-replay-topic-owner).
 * Nothing is to be done for the other events.
 *
 * @returns what CloudFormation is told. A failure has its reason
 */
export async function endArchive(
  topics: SNSClient,
  event: CloudFormationCustomResourceEvent,
): Promise<CloudFormationCustomResourceResponse> {
  const topicArn = String(event.ResourceProperties.TopicArn);
  // The id is the topic's ARN. After a change of the topic, CloudFormation deletes the resource with the earlier id.
  const id = event.RequestType === 'Delete' ? event.PhysicalResourceId : topicArn;
  const { StackId, RequestId, LogicalResourceId } = event;
  const answer = { StackId, RequestId, LogicalResourceId, PhysicalResourceId: id };
  try {
    // When the creation failed before it was answered, as in a rollback, CloudFormation made up an id.
    if (event.RequestType === 'Delete') await deactivate(topics, isTopicArn(id) ? id : topicArn);
    return { ...answer, Status: 'SUCCESS', Data: {} };
  } catch (error) {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { ...answer, Status: 'FAILED', Reason: reason, Data: {} };
  }
}

function isTopicArn(id: string): boolean {
  return /^arn:[^:]+:sns:/.test(id);
}

async function deactivate(topics: SNSClient, topicArn: string): Promise<void> {
  const attribute = { AttributeName: 'ArchivePolicy', AttributeValue: '{}' };
  try {
    await topics.send(new SetTopicAttributesCommand({ TopicArn: topicArn, ...attribute }));
  } catch (error) {
    // Somebody deleted the topic by hand.
    if (!(error instanceof NotFoundException)) throw error;
  }
}

/**
 * Sends CloudFormation the result of a custom resource. Throws if CloudFormation doesn't take it; Lambda then repeats
 * the invocation.
 */
export async function answerCloudFormation(url: string, answer: CloudFormationCustomResourceResponse): Promise<void> {
  // The signature of the URL covers an empty content type (cfn/crpg-ref-requests).
  const { ok, status } = await fetch(url, {
    method: 'PUT',
    body: JSON.stringify(answer),
    headers: { 'content-type': '' },
  });
  if (!ok) throw new Error(`CloudFormation refused the result with status ${status}`);
}
