import { Duration, type Stack } from 'aws-cdk-lib';
import { AttributeType, type ITable, StreamViewType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Stream } from 'aws-cdk-lib/aws-kinesis';
import { CfnEventSourceMapping, FilterCriteria, FilterRule, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import {
  AuthenticationMethod,
  DynamoEventSource,
  KinesisEventSource,
  SelfManagedKafkaEventSource,
  SnsDlq,
  SqsEventSource,
} from 'aws-cdk-lib/aws-lambda-event-sources';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { echo } from './echo.ts';

/** Event source mappings with filters, windows and destinations, of sources that aren't local, and a plain one. */
export function addMappings(stack: Stack): void {
  const table = new Table(stack, 'Table', {
    partitionKey: { name: 'pk', type: AttributeType.STRING },
    stream: StreamViewType.NEW_IMAGE,
  }) as ITable;
  const queue = new Queue(stack, 'Queue');
  const startingPosition = StartingPosition.LATEST;
  const filters = [FilterCriteria.filter({ body: { kind: FilterRule.isEqual('order') } })];
  echo(stack, 'plain').addEventSource(new SqsEventSource(queue));
  echo(stack, 'filtered').addEventSource(new SqsEventSource(queue, { filters }));
  echo(stack, 'windowed').addEventSource(
    new DynamoEventSource(table, { startingPosition, tumblingWindow: Duration.minutes(1) }),
  );
  echo(stack, 'failing').addEventSource(
    new DynamoEventSource(table, { startingPosition, onFailure: new SnsDlq(new Topic(stack, 'Failures')) }),
  );
  echo(stack, 'kinesis').addEventSource(new KinesisEventSource(new Stream(stack, 'Stream'), { startingPosition }));
  echo(stack, 'kafka').addEventSource(
    new SelfManagedKafkaEventSource({
      bootstrapServers: ['kafka.example.com:9092'],
      topic: 'orders',
      startingPosition,
      secret: new Secret(stack, 'KafkaSecret') as ISecret,
      authenticationMethod: AuthenticationMethod.SASL_SCRAM_512_AUTH,
    }),
  );
  const elsewhere = Queue.fromQueueArn(stack, 'Elsewhere', `arn:aws:sqs:us-east-1:111111111111:elsewhere`);
  echo(stack, 'outside').addEventSource(new SqsEventSource(elsewhere));
  new CfnEventSourceMapping(stack, 'OfNoFunction', { functionName: 'elsewhere', eventSourceArn: queue.queueArn });
}
