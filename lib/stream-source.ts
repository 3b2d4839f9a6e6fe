import { Duration } from 'aws-cdk-lib';
import type { ITable, Table } from 'aws-cdk-lib/aws-dynamodb';
import { type IFunction, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { DynamoEventSource, SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { LIMITS } from './limits.ts';

/** Has a function work on a table's stream, from its beginning and in its order; what Lambda gives up on goes to the failure queue. */
export function mapStream(fn: IFunction, table: Table, failureQueue: Queue): void {
  // The CDK's grant of the stream leaves the key out.
  table.encryptionKey?.grantDecrypt(fn);
  fn.addEventSource(
    // aws-cdk-lib declares `tableStreamArn` without exactOptionalPropertyTypes in mind; the table has a stream.
    new DynamoEventSource(table as ITable, {
      // LATEST can miss what was written while the mapping is being made (lambda/with-ddb).
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: 100,
      reportBatchItemFailures: true,
      bisectBatchOnError: true,
      // An hour before the stream forgets a record, its whereabouts go to the failure queue.
      maxRecordAge: LIMITS.streamRetention.minus(Duration.hours(1)),
      // Also lets the function itself send there what it diverts.
      onFailure: new SqsDlq(failureQueue),
    }),
  );
}
