import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { type ClientOptions, dynamoDbClient, snsClient, sqsClient } from 'freshet-aws/internal/adapters/aws/clients';
import { cloudWatchClient } from 'freshet-aws/internal/adapters/aws/cloudwatch-client';
import { lambdaClient } from '../clients/invoke.ts';
import { limited, PATIENCE, type SdkClient } from '../clients/patient.ts';

/** The AWS clients of a deployment. Each is created when it is first used. */
export interface Clients {
  readonly tables: DynamoDBClient;
  readonly queues: SQSClient;
  readonly topics: ReturnType<typeof snsClient>;
  readonly metrics: CloudWatchClient;
  readonly functions: LambdaClient;
  /** Loads CloudWatch Logs' client, which other commands don't need. */
  logs(): Promise<CloudWatchLogsClient>;
  /** Closes the connections of the clients that were created. */
  destroy(): void;
}

/** Where the clients of a deployment connect to. */
export interface ClientsOptions extends ClientOptions {
  /** The endpoint of DynamoDB, if it differs from the endpoint of the other services. */
  readonly dynamodbEndpoint?: string;
}

/** Creates the clients. They are patient, and they limit the requests under way; see `limited`. */
export function createClients({ dynamodbEndpoint, ...options }: ClientsOptions): Clients {
  let closes = 0;
  const created: { destroy(): void }[] = [];
  const once = <T extends SdkClient & { destroy(): void }>(create: () => T): (() => T) => {
    let client: T | undefined;
    return () => {
      if (client === undefined) {
        client = limited(create(), () => closes);
        created.push(client);
      }
      return client;
    };
  };
  const ofTables = dynamodbEndpoint === undefined ? options : { ...options, endpoint: dynamodbEndpoint };
  const tables = once(() => dynamoDbClient(ofTables, PATIENCE));
  const queues = once(() => sqsClient(options, PATIENCE));
  const topics = once(() => snsClient(options, PATIENCE));
  const metrics = once(() => cloudWatchClient(options, PATIENCE));
  const functions = once(() => lambdaClient(options));
  return {
    get tables() {
      return tables();
    },
    get queues() {
      return queues();
    },
    get topics() {
      return topics();
    },
    get metrics() {
      return metrics();
    },
    get functions() {
      return functions();
    },
    async logs() {
      const { logsClient } = await import('../clients/logs.ts');
      const client = limited(logsClient(options), () => closes);
      created.push(client);
      return client;
    },
    destroy() {
      closes += 1;
      for (const client of created) client.destroy();
    },
  };
}
