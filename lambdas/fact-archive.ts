import type { CloudFormationCustomResourceEvent } from 'aws-lambda';
import { snsClient } from '../adapters/aws/clients.ts';
import { answerCloudFormation, endArchive } from '../adapters/facts/end-archive.ts';

const topics = snsClient();

/** Deactivates the archive of a topic before CloudFormation deletes the topic. */
export async function handler(event: CloudFormationCustomResourceEvent): Promise<void> {
  await answerCloudFormation(event.ResponseURL, await endArchive(topics, event));
}
