import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { IAMClient } from '@aws-sdk/client-iam';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';

/** One client of each service, configured by the environment. */
export interface Clients {
  readonly cloudFormation: CloudFormationClient;
  readonly cloudWatch: CloudWatchClient;
  readonly dynamoDb: DynamoDBClient;
  readonly events: EventBridgeClient;
  readonly iam: IAMClient;
  readonly lambda: LambdaClient;
  readonly sns: SNSClient;
  readonly sqs: SQSClient;
}

const ignore = () => undefined;
/** On an emulator, queue URLs may have another host than the endpoint. The SDK would log a warning with every call. */
const silentLogger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

export function openClients(): Clients & { close(): void } {
  const clients: Clients = {
    cloudFormation: new CloudFormationClient(),
    cloudWatch: new CloudWatchClient(),
    dynamoDb: new DynamoDBClient(),
    events: new EventBridgeClient(),
    iam: new IAMClient(),
    lambda: new LambdaClient(),
    sns: new SNSClient(),
    sqs: new SQSClient({ logger: silentLogger }),
  };
  const close = () => {
    for (const client of Object.values(clients)) client.destroy();
  };
  return { ...clients, close };
}
