import { Duration } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { type EventSourceMapping, type IFunction, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { LIMITS } from './limits.ts';

/**
 * A table with a stream: `Table`, `TableV2` or an imported one. It isn't `ITable`, to which a `Table` can't be assigned
 * under TypeScript's `exactOptionalPropertyTypes`.
 */
export interface StreamedTable extends Pick<ITable, 'node' | 'tableName' | 'tableArn' | 'grantStreamRead'> {
  readonly tableStreamArn?: string | undefined;
  readonly encryptionKey?: IKey | undefined;
}

/**
 * Invokes a function with the records of a table's stream, from the stream's beginning and in its order. Records that
 * Lambda gives up on go to the failure queue.
 *
 * It doesn't use the CDK's `DynamoEventSource`, whose id contains the path of the table's construct. If that path
 * changes, CloudFormation creates a second mapping of the same stream and function, which Lambda refuses.
 *
 * @param id id of the mapping in the function: a name that doesn't depend on the table's place in the app
 */
export function mapStream(fn: IFunction, id: string, table: StreamedTable, failureQueue: Queue): EventSourceMapping {
  // When the CDK grants the stream, it leaves out the table's key.
  table.encryptionKey?.grantDecrypt(fn);
  table.grantStreamRead(fn);
  return fn.addEventSourceMapping(id, {
    // The table has a stream. aws-cdk-lib declares its ARN as optional.
    eventSourceArn: table.tableStreamArn ?? '',
    // LATEST can miss records that are written while the mapping is created (lambda/with-ddb).
    startingPosition: StartingPosition.TRIM_HORIZON,
    batchSize: 100,
    reportBatchItemFailures: true,
    bisectBatchOnError: true,
    // One hour before the stream deletes a record, Lambda sends the record's position to the failure queue.
    maxRecordAge: LIMITS.streamRetention.minus(Duration.hours(1)),
    // This also lets the function itself send the records that it diverts.
    onFailure: new SqsDlq(failureQueue),
  });
}
