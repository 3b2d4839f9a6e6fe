import { Duration } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { Grant } from 'aws-cdk-lib/aws-iam';
import type { EventSourceMapping, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Boundary } from '../core/contract/contract.ts';
import { assertBundled } from './bundle.ts';
import type { DataProtectionProps } from './data-protection.ts';
import { CONTROL_INTERVAL, type FlowControl, grantMetrics } from './flow-control.ts';
import { freshetFunction } from './freshet-function.ts';
import { grantSend, grantTable } from './protected-resources.ts';
import { runOnSchedule } from './scheduled.ts';
import { mapStream, type StreamedTable } from './stream-source.ts';

/** An existing table that an owner adopts, see `EntityOwnerProps.adopts`. */
export interface AdoptedTableProps {
  /**
   * The existing table, of this app or imported by its ARNs. It has a stream with the view type NEW_AND_OLD_IMAGES,
   * which at most one other function or process reads (ddb/Streams). An imported table that is encrypted with a key of
   * yours needs the key's ARN too.
   */
  readonly table: StreamedTable;
  /**
   * Time between two surveys, 1 hour to 30 days. A survey compares all items with their copies and mends what the
   * stream lost, such as while the adopter was off for more than a day. The first survey begins after the deployment,
   * and copies the items that are there.
   * @default Duration.days(1)
   */
  readonly surveyEvery?: Duration;
  /**
   * Items a second that a survey reads at most, an integer from 10 to 500. Each item costs about one read unit of the
   * existing table per 4 KB, and it is read once or twice in a survey.
   * @default 200
   */
  readonly surveyRate?: number;
}

/** What the functions of an adopted table use of their owner. */
interface Owning {
  readonly boundary: Boundary;
  readonly table: Table;
  readonly failureQueue: Queue;
  readonly flow: FlowControl;
}

const DEFAULT_SURVEY_EVERY = Duration.days(1);
const DEFAULT_SURVEY_RATE = 200;
const MIN_SURVEY_EVERY = Duration.hours(1);
const MAX_SURVEY_EVERY = Duration.days(30);
const MIN_SURVEY_RATE = 10;
const MAX_SURVEY_RATE = 500;

/** Less than the schedule's interval, so that a slice of a survey has ended when the next one begins. */
const SURVEY_TIMEOUT = Duration.seconds(CONTROL_INTERVAL.toSeconds() - 5);

/**
 * Copies the changes of an existing DynamoDB table to an owner's table. Its functions can read the existing table and
 * its stream, and write nothing there.
 */
export class AdoptedTable extends Construct {
  /** The existing table. */
  readonly table: StreamedTable;
  /** Copies each change of the existing table. */
  readonly adopter: LambdaFunction;
  /** Compares the existing table with its copies. */
  readonly surveyor: LambdaFunction;
  /** The mapping of the existing table's stream to the adopter. */
  readonly mapping: EventSourceMapping;

  constructor(
    scope: Construct,
    id: string,
    props: AdoptedTableProps & { readonly owner: Owning; readonly protection: DataProtectionProps },
  ) {
    super(scope, id);
    assertSurvey(props);
    assertBundled('@aws-sdk/client-lambda', 'An owner that adopts a table');
    this.table = props.table;
    const { table } = props;
    if (table.tableStreamArn === undefined) {
      throw new Error(
        `adopts.table: ${table.node.path} has no stream. Give the table a stream with the view type ` +
          'NEW_AND_OLD_IMAGES, or import it with its `tableStreamArn`.',
      );
    }
    this.adopter = this.addAdopter(props);
    this.mapping = mapStream(this.adopter, 'Stream', table, props.owner.failureQueue);
    this.surveyor = this.addSurveyor(props);
  }

  /** The functions of the adopted table. */
  get functions(): readonly LambdaFunction[] {
    return [this.adopter, this.surveyor];
  }

  private addAdopter({ owner, protection }: { readonly owner: Owning; readonly protection: DataProtectionProps }) {
    const { boundary, table, failureQueue } = owner;
    const adopter = freshetFunction(this, 'Adopter', {
      entry: 'adopt',
      boundary,
      description: `Copies the changes of an existing table to the entities of ${boundary.name}`,
      timeout: Duration.seconds(60),
      memorySize: 512,
      environment: { OWNER_TABLE: table.tableName, FAILURE_QUEUE_URL: failureQueue.queueUrl },
      ...protection,
    });
    grantTable(table, adopter, 'GetItem', 'UpdateItem');
    return adopter;
  }

  private addSurveyor(props: AdoptedTableProps & { readonly owner: Owning; readonly protection: DataProtectionProps }) {
    const { table: existing, surveyEvery = DEFAULT_SURVEY_EVERY, surveyRate = DEFAULT_SURVEY_RATE } = props;
    const { boundary, table, failureQueue, flow } = props.owner;
    const surveyor = freshetFunction(this, 'Surveyor', {
      entry: 'adopt-survey',
      boundary,
      description: `Compares an existing table with the entities of ${boundary.name}, and mends what differs`,
      timeout: SURVEY_TIMEOUT,
      memorySize: 512,
      environment: {
        EXISTING_TABLE: existing.tableName,
        EXISTING_TABLE_ARN: existing.tableArn,
        EXISTING_STREAM_ARN: existing.tableStreamArn ?? '',
        OWNER_TABLE: table.tableName,
        FLOW_TABLE: flow.table.tableName,
        FAILURE_QUEUE_URL: failureQueue.queueUrl,
        ADOPTER: this.adopter.functionName,
        ADOPTER_MAPPING: this.mapping.eventSourceMappingId,
        INTERVAL_SECONDS: String(CONTROL_INTERVAL.toSeconds()),
        SURVEY_RATE: String(surveyRate),
        SURVEY_EVERY_SECONDS: String(surveyEvery.toSeconds()),
      },
      ...props.protection,
    });
    existing.encryptionKey?.grantDecrypt(surveyor);
    // Not `Table.grant`, which would also grant the table's indexes.
    Grant.addToPrincipal({
      grantee: surveyor,
      actions: ['dynamodb:Scan', 'dynamodb:BatchGetItem'],
      resourceArns: [existing.tableArn],
    });
    grantTable(table, surveyor, 'BatchGetItem', 'Query', 'UpdateItem');
    grantTable(flow.table, surveyor, 'GetItem', 'PutItem');
    grantSend(failureQueue, surveyor);
    this.grantWatch(surveyor);
    runOnSchedule(this, 'Survey', surveyor, CONTROL_INTERVAL, { afterDeployment: true });
    return surveyor;
  }

  /** Lets a function see whether the adopter runs, and how far it lags. */
  private grantWatch(grantee: LambdaFunction): void {
    grantMetrics(grantee);
    for (const [action, arn] of [
      ['GetEventSourceMapping', this.mapping.eventSourceMappingArn],
      ['GetFunctionConcurrency', this.adopter.functionArn],
    ] as const) {
      Grant.addToPrincipal({ grantee, actions: [`lambda:${action}`], resourceArns: [arn] });
    }
  }
}

function assertSurvey({
  surveyEvery = DEFAULT_SURVEY_EVERY,
  surveyRate = DEFAULT_SURVEY_RATE,
}: AdoptedTableProps): void {
  const seconds = surveyEvery.toSeconds();
  if (seconds < MIN_SURVEY_EVERY.toSeconds() || seconds > MAX_SURVEY_EVERY.toSeconds()) {
    throw new Error(
      `adopts.surveyEvery: out of range: ${surveyEvery.toHumanString()}. Allowed: ` +
        `${MIN_SURVEY_EVERY.toHumanString()} to ${MAX_SURVEY_EVERY.toHumanString()}.`,
    );
  }
  if (!Number.isInteger(surveyRate) || surveyRate < MIN_SURVEY_RATE || surveyRate > MAX_SURVEY_RATE) {
    throw new Error(
      `adopts.surveyRate: out of range: ${surveyRate}. Allowed: an integer from ${MIN_SURVEY_RATE} to ` +
        `${MAX_SURVEY_RATE}.`,
    );
  }
}
