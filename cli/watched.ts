import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { DeployedCache, DeployedOwner } from 'freshet-aws/internal/adapters/aws/stack-output';

/** An owner that is looked at. */
export interface WatchedOwner {
  readonly name: string;
  readonly deployed: DeployedOwner;
}

/** A cache that is looked at. */
export interface WatchedCache {
  readonly name: string;
  readonly deployed: DeployedCache;
  /** The entity types that it keeps; undefined where the contracts aren't at hand, which on AWS is no fault. */
  readonly types: readonly string[] | undefined;
}

/** What runs, locally or on AWS, and the clients that it is looked at with: the same calls in both places. */
export interface Watched {
  readonly owners: readonly WatchedOwner[];
  readonly caches: readonly WatchedCache[];
  /** Where that is, for a person: `the local cloud at http://…`, `AWS, eu-central-1`. */
  readonly place: string;
  /** The local cloud keeps metrics by the second and charges nothing; AWS keeps them by the minute and bills what is asked. */
  readonly isLocal: boolean;
  readonly clients: {
    readonly tables: DynamoDBClient;
    readonly queues: SQSClient;
    readonly metrics: CloudWatchClient;
    readonly functions: LambdaClient;
  };
  close(): void;
}

/** Seconds of the shortest datapoint that there is. */
export function finestPeriod({ isLocal }: Watched): number {
  return isLocal ? 1 : 60;
}
