import { Duration, Stack } from 'aws-cdk-lib';
import { StreamViewType, type Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Boundary } from '../core/contract/contract.ts';
import { assertPublishable } from '../core/contract/publishable.ts';
import { environmentNames } from '../core/environment.ts';
import { checkAtSynth } from './checks/check-at-synth.ts';
import { type DataProtectionProps, dataProtection } from './data-protection.ts';
import { contractsPath, describeOfFacts } from './deployed.ts';
import { assertArchiveDays, endArchiveFirst, letSnsReplay } from './fact-archive.ts';
import type { FactSource } from './fact-queue.ts';
import { freshetFunction } from './freshet-function.ts';
import { grantObserve } from './grant-operate.ts';
import { repairQueue } from './parking.ts';
import { fifoTopic, grantTable, protectedTable } from './protected-resources.ts';
import { setEnvironment } from './set-environment.ts';
import { stableExports } from './stable-exports.ts';
import { stableIds } from './stable-ids.ts';
import { mapStream } from './stream-source.ts';

/** Props of `FactTopic`. */
export interface FactTopicProps extends DataProtectionProps {
  /** The boundary whose facts are published. Its module is bundled into the relay. */
  readonly boundary: Boundary;
  /**
   * How long the topic's archive keeps every published fact, from which a fact queue or a saga can get past facts again
   * with `freshet replay`: an integer, 1 to 365 days. If the archive is removed from the stack, or the stack is
   * deleted, the archived facts are deleted too; the table of facts isn't affected. AWS charges for an archive.
   * @default - no archive
   */
  readonly archiveDays?: number;
}

/**
 * Own and relay for facts: the table to which a boundary commits its facts, whose stream is the outbox, and the topic
 * to which every fact is published.
 *
 * @throws Error if the boundary publishes no fact, or if a prop is outside its range
 */
export class FactTopic extends Construct implements FactSource {
  /** The boundary whose facts are published. */
  readonly boundary: Boundary;
  /** One item per fact. Grant access to the boundary's functions with `grantCommit`. */
  readonly table: Table;
  /** SNS FIFO topic of every fact. The message group is the id that the fact is about, such as the order's id. */
  readonly topic: Topic;
  /** Stream records that can never be published, each with its reason, and records that Lambda gave up on. */
  readonly failureQueue: Queue;
  /** Publishes the committed facts. */
  readonly relay: LambdaFunction;
  /** How long the topic's archive keeps facts, in days; undefined without an archive. */
  readonly archiveDays: number | undefined;
  private readonly archiveEnd: LambdaFunction | undefined;

  constructor(scope: Construct, id: string, props: FactTopicProps) {
    super(scope, id);
    const { boundary, archiveDays } = props;
    const protection = dataProtection(props);
    assertPublishable(boundary);
    assertArchiveDays(archiveDays);
    if (Object.keys(boundary.publishes).length === 0) {
      throw new Error(
        `boundary: ${boundary.name} publishes no fact. Declare one under "publishes", or leave FactTopic out.`,
      );
    }
    this.boundary = boundary;
    this.archiveDays = archiveDays;
    this.table = protectedTable(this, 'Table', protection, {
      stream: StreamViewType.NEW_IMAGE,
      expires: true,
      pointInTimeRecovery: true,
    });
    this.topic = fifoTopic(this, 'Facts', boundary, protection, { archiveDays });
    if (archiveDays !== undefined && protection.encryptionKey) letSnsReplay(this, protection.encryptionKey);
    this.failureQueue = repairQueue(this, 'RelayFailures', protection);
    const relay = freshetFunction(this, 'Relay', {
      entry: 'fact-relay',
      boundary,
      description: `Publishes the facts of ${boundary.name}`,
      timeout: Duration.seconds(30),
      memorySize: 256,
      environment: { TOPIC_ARN: this.topic.topicArn, FAILURE_QUEUE_URL: this.failureQueue.queueUrl },
      ...protection,
    });
    this.relay = relay;
    this.topic.grantPublish(relay);
    mapStream(relay, 'Stream', this.table, this.failureQueue);
    if (archiveDays !== undefined) this.archiveEnd = endArchiveFirst(this, this.topic, boundary, protection);
    checkAtSynth(this);
    describeOfFacts(this, {
      role: 'facts',
      boundary: boundary.name,
      stack: Stack.of(this).stackName,
      table: this.table.tableName,
      topicArn: this.topic.topicArn,
      failureQueueUrl: this.failureQueue.queueUrl,
      relay: relay.functionName,
      contracts: contractsPath(boundary),
    });
    stableIds(this, 'Facts', boundary.name);
    const { tableName, tableArn } = this.table;
    stableExports(this, [tableName, tableArn, this.topic.topicArn, relay.functionName, this.failureQueue.queueName]);
  }

  /**
   * Lets a function of the boundary commit facts, alone or in a transaction with other writes. It can't change or
   * remove a fact. It sets the environment variable that `factsFromEnvironment` reads, if the grantee is a function of
   * this app.
   */
  grantCommit(grantee: IGrantable): Grant {
    setEnvironment(grantee, { [environmentNames(this.boundary.name).factsTable]: this.table.tableName });
    return grantTable(this.table, grantee, 'PutItem');
  }

  /** Lets an operator's role observe this topic with the commands of `freshet`. */
  grantOperate(grantee: IGrantable): void {
    grantObserve(this, grantee, [this.relay, ...(this.archiveEnd ? [this.archiveEnd] : [])]);
  }
}
