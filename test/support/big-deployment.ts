import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type Clients, createClients } from '../../cli/deployment/clients.ts';
import { createDeployment } from '../../cli/deployment/create.ts';
import type { Deployment } from '../../cli/deployment/deployment.ts';
import type { Boundary } from '../../core/contract/contract.ts';

/** A request at the border to AWS: `SQS GetQueueAttributes`, and its input. */
export interface BorderRequest {
  readonly call: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** What AWS does with a request: an output, an error, or no answer. */
export type Answering = (request: BorderRequest) => object | Error | 'no answer' | undefined;

/** A deployment on AWS without AWS: the SDK's clients, and answers in place of the services. */
export interface BigDeployment {
  readonly deployment: Deployment;
  /** The requests by call. */
  readonly requests: Map<string, number>;
  /** The most requests of one client that were under way at the same time, by client. */
  readonly most: Map<string, number>;
  /** Replaces the answers of a request. Undefined: the usual answer. */
  answer: Answering;
}

const QUEUE = 'https://sqs.eu-central-1.amazonaws.com/111122223333/';

/** The usual answers: an idle deployment. */
const IDLE: Readonly<Record<string, object>> = {
  'SQS GetQueueAttributes': {
    Attributes: { ApproximateNumberOfMessages: '1', ApproximateNumberOfMessagesNotVisible: '0' },
  },
  'DynamoDB Scan': { Count: 0, Items: [] },
  'DynamoDB Query': { Count: 0, Items: [] },
  'CloudWatch GetMetricData': { MetricDataResults: [] },
  'CloudWatch DescribeAlarms': { MetricAlarms: [], CompositeAlarms: [] },
  'Lambda ListEventSourceMappings': { EventSourceMappings: [] },
};

/**
 * Creates a deployment of owners, each of which has the same types, and of caches, each of which keeps all of them.
 *
 * @param latencyMs how long each request takes
 */
export function bigDeployment(size: { owners: number; caches: number; types: number }, latencyMs = 5): BigDeployment {
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  const clients = createClients({ region: 'eu-central-1', endpoint: 'http://127.0.0.1:9', credentials });
  const requests = new Map<string, number>();
  const most = new Map<string, number>();
  const big = { requests, most, answer: (() => undefined) as Answering, deployment: deploymentOf(clients, size) };
  const of = ['tables', 'queues', 'topics', 'metrics', 'functions'] as const;
  for (const name of of) {
    let underWay = 0;
    const stack = clients[name].middlewareStack as DynamoDBClient['middlewareStack'];
    stack.add(
      (_, { clientName = '', commandName = '' }) =>
        async (args) => {
          const call = `${clientName.replace(/Client$/, '')} ${commandName.replace(/Command$/, '')}`;
          requests.set(call, (requests.get(call) ?? 0) + 1);
          underWay += 1;
          most.set(name, Math.max(most.get(name) ?? 0, underWay));
          await new Promise((resolve) => setTimeout(resolve, latencyMs));
          const answer = big.answer({ call, input: { ...args.input } }) ?? IDLE[call] ?? {};
          if (answer === 'no answer') await new Promise(() => undefined);
          underWay -= 1;
          if (answer instanceof Error) throw Object.assign(answer, { $metadata: {} });
          return { response: {}, output: { $metadata: {}, ...(answer as object) } as never };
        },
      { step: 'deserialize', priority: 'high', name: 'border' },
    );
  }
  return big;
}

function deploymentOf(
  clients: Clients,
  { owners, caches, types }: { owners: number; caches: number; types: number },
): Deployment {
  const names = Array.from({ length: types }, (_, n) => `Type${n}`);
  const boundary = (name: string) =>
    ({
      name,
      owns: {},
      caches: Object.fromEntries(names.map((type) => [type, { contract: { owner: 'owner0' } }])),
    }) as unknown as Boundary;
  const ofOwner = (boundary: string) => ({
    ...{ role: 'owner', boundary, stack: 'Big', contracts: 'contracts.ts', table: `${boundary}-table` },
    ...{ topicArn: `arn:aws:sns:eu-central-1:111122223333:${boundary}`, failureQueueUrl: `${QUEUE}${boundary}-failed` },
    ...{ relay: `${boundary}-relay`, governor: `${boundary}-governor`, repair: `${boundary}-repair` },
    ...{ flowTable: `${boundary}-flow`, parkingTable: `${boundary}-parking` },
  });
  const ofCache = (boundary: string) => ({
    ...{ role: 'cache', boundary, stack: 'Big', contracts: 'contracts.ts', table: `${boundary}-table` },
    ...{ queueUrl: `${QUEUE}${boundary}.fifo`, deadLetterQueueUrl: `${QUEUE}${boundary}-dead.fifo` },
    ...{
      subscriptionDeadLetterQueueUrl: `${QUEUE}${boundary}-undelivered.fifo`,
      gapQueueUrl: `${QUEUE}${boundary}-gaps`,
    },
    ...{ parkingTable: `${boundary}-parking`, projector: `${boundary}-projector`, repair: `${boundary}-repair` },
    report: `${boundary}-report`,
  });
  return createDeployment({
    outputs: [
      ...Array.from({ length: owners }, (_, n) => ofOwner(`owner${n}`)),
      ...Array.from({ length: caches }, (_, n) => ofCache(`cache${n}`)),
    ].map((one) => JSON.stringify(one)),
    place: 'AWS account 111122223333, eu-central-1',
    stacks: ['Big'],
    isLocal: false,
    clients,
    functionNames: async () => [],
    contracts: { folder: '/', load: async (_, name) => boundary(name) },
  });
}
