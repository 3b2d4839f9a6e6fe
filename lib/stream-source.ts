import { Duration } from 'aws-cdk-lib';
import type { ITable, Table } from 'aws-cdk-lib/aws-dynamodb';
import { type IFunction, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { DynamoEventSource, SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { LIMITS } from './limits.ts';

/**
 * Invokes a function with the records of a table's stream, from the stream's beginning and in its order. Records that
 * Lambda gives up on go to the failure queue.
 */
export function mapStream(fn: IFunction, table: Table, failureQueue: Queue): void {
  // When the CDK grants the stream, it leaves out the table's key.
  table.encryptionKey?.grantDecrypt(fn);
  fn.addEventSource(
    // The table has a stream. The cast is needed because aws-cdk-lib declares `tableStreamArn` as optional.
    new DynamoEventSource(table as ITable, {
      // LATEST can miss records that are written while the mapping is created (lambda/with-ddb).
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: 100,
      reportBatchItemFailures: true,
      bisectBatchOnError: true,
      // One hour before the stream deletes a record, Lambda sends the record's position to the failure queue.
      maxRecordAge: LIMITS.streamRetention.minus(Duration.hours(1)),
      // This also lets the function itself send the records that it diverts.
      onFailure: new SqsDlq(failureQueue),
    }),
  );
}
