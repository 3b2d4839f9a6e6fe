import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Patience } from 'freshet-aws/internal/adapters/aws/clients';
import { createSlots } from '../observe/slots.ts';

/**
 * A person or a script waits longer for a busy service than a function may: a service that doesn't answer at all fails
 * a request after about 40 seconds. Without `cacheMiddleware`, because `limited` looks at the start of each call.
 */
export const PATIENCE: Patience = {
  requestHandler: { connectionTimeout: 5_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
  maxAttempts: 4,
};

/**
 * Requests of one client under way at the same time. More would wait in the sockets' queue, where their time-outs
 * already run.
 */
export const REQUESTS_AT_ONCE = 16;

/** Inputs that name what a request is about. */
const RESOURCES = [
  'TableName',
  'QueueUrl',
  'TopicArn',
  'FunctionName',
  'StackName',
  'logGroupName',
  'RuleName',
] as const;

type Stack = DynamoDBClient['middlewareStack'];

/** An SDK client of any service. */
export interface SdkClient {
  readonly middlewareStack: { readonly add: unknown };
}

/**
 * Limits the requests of a client that are under way, and makes its errors name the request; see `callOf`.
 *
 * @param closes how often the client was closed. A request from before a close isn't tried again. Default: never
 */
export function limited<C extends SdkClient>(client: C, closes = () => 0): C {
  const slots = createSlots(REQUESTS_AT_ONCE);
  // All clients have the same stack; only the types of the inputs and outputs differ.
  const stack = client.middlewareStack as Stack;
  stack.add(
    (next, { clientName = '', commandName = '' }) =>
      async (args) => {
        try {
          return await next(args);
        } catch (error) {
          if (error instanceof Error) calls.set(error, nameOf(clientName, commandName, { ...args.input }));
          throw error;
        }
      },
    { step: 'initialize', name: 'freshetCall' },
  );
  // Inside of the retries: a slot is free again while a failed request waits for its next attempt.
  stack.add(
    (next) => {
      const begunAfter = closes();
      return (args) =>
        slots(() => {
          if (closes() !== begunAfter) throw new Error('the command has ended');
          return next(args);
        });
    },
    { step: 'finalizeRequest', priority: 'low', name: 'freshetSlots' },
  );
  return client;
}

const calls = new WeakMap<Error, string>();

/** The request that failed with an error, such as `DynamoDB Query of Shop-Table`; undefined if it isn't known. */
export function callOf(error: Error): string | undefined {
  return calls.get(error);
}

function nameOf(client: string, command: string, input: Readonly<Record<string, unknown>>): string {
  const resource = RESOURCES.map((name) => input[name]).find((value) => typeof value === 'string');
  const call = `${client.replace(/Client$/, '')} ${command.replace(/Command$/, '')}`;
  // The last part of a URL or an ARN is the name.
  return resource === undefined ? call : `${call} of ${String(resource).replace(/^(https?|arn):.*[/:](?=.)/, '')}`;
}
