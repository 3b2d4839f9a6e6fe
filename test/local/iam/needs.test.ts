import { expect, test } from 'vitest';
import { cloudWatchNeeds } from '../../../local/iam/needs/cloudwatch.ts';
import { dynamoDbNeeds } from '../../../local/iam/needs/dynamodb.ts';
import { logsNeeds } from '../../../local/iam/needs/logs.ts';
import { snsNeeds } from '../../../local/iam/needs/sns.ts';
import { sqsNeeds } from '../../../local/iam/needs/sqs.ts';

const place = { region: 'eu-central-1', accountId: '000000000000' };
const table = (name: string) => `arn:aws:dynamodb:eu-central-1:000000000000:table/${name}`;

test.each<[string, object, [string, string][]]>([
  ['GetItem', { TableName: 't' }, [['GetItem', 't']]],
  ['PutItem', { TableName: 't', Item: { pk: { N: '1' } } }, [['PutItem', 't']]],
  ['Query', { TableName: 't', IndexName: 'i' }, [['Query', 't/index/i']]],
  ['Scan', { TableName: 'arn:aws:dynamodb:dynoxide:000000000000:table/t' }, [['Scan', 't']]],
  [
    'BatchWriteItem',
    { RequestItems: { a: [], b: [] } },
    [
      ['BatchWriteItem', 'a'],
      ['BatchWriteItem', 'b'],
    ],
  ],
  ['BatchGetItem', { RequestItems: { a: {} } }, [['BatchGetItem', 'a']]],
  [
    'TransactWriteItems',
    {
      TransactItems: [
        { Put: { TableName: 'a' } },
        { Update: { TableName: 'b' } },
        { Delete: { TableName: 'c' } },
        { ConditionCheck: { TableName: 'd' } },
      ],
    },
    [
      ['PutItem', 'a'],
      ['UpdateItem', 'b'],
      ['DeleteItem', 'c'],
      ['ConditionCheckItem', 'd'],
    ],
  ],
  ['TransactGetItems', { TransactItems: [{ Get: { TableName: 'a' } }] }, [['GetItem', 'a']]],
  [
    'DescribeStream',
    { StreamArn: 'arn:aws:dynamodb:ddblocal:000000000000:table/t/stream/1' },
    [['DescribeStream', 't/stream/1']],
  ],
])('DynamoDB %s with the input %j needs the documented actions', (operation, input, expected) => {
  expect(dynamoDbNeeds(operation, input, place)).toEqual(
    expected.map(([action, resource]) => ({ action: `dynamodb:${action}`, resource: table(resource) })),
  );
});

test("a call that puts an item has the item's key, also in a transaction", () => {
  const put = { TableName: 't', Item: { pk: { S: 'Country#3' }, id: { S: 'CH' } } };
  const need = { action: 'dynamodb:PutItem', resource: table('t'), leadingKey: 'Country#3' };
  expect(dynamoDbNeeds('PutItem', put, place)).toEqual([need]);
  expect(dynamoDbNeeds('TransactWriteItems', { TransactItems: [{ Put: put }] }, place)).toEqual([need]);
});

test('a DynamoDB operation with unknown permissions is refused', () => {
  expect(() => dynamoDbNeeds('ExecuteStatement', { Statement: 'SELECT 1' }, place)).toThrow('not emulated');
  expect(() => dynamoDbNeeds('PutItem', { Item: {} }, place)).toThrow();
});

test('operations on batches need the action of the single operation', () => {
  const queue = 'arn:aws:sqs:eu-central-1:000000000000:q.fifo';
  const topic = 'arn:aws:sns:eu-central-1:000000000000:t.fifo';
  const url = { QueueUrl: 'http://127.0.0.1:1234/000000000000/q.fifo' };
  for (const operation of ['SendMessage', 'DeleteMessage', 'ChangeMessageVisibility'])
    expect(sqsNeeds(`${operation}Batch`, url, place)).toEqual([{ action: `sqs:${operation}`, resource: queue }]);
  expect(snsNeeds('PublishBatch', { TopicArn: topic }, place)).toEqual([{ action: 'sns:Publish', resource: topic }]);
});

test('a redrive needs the permissions to read the dead-letter queue and to write to the destination', () => {
  const [source, destination] = ['arn:aws:sqs:x:1:dead', 'arn:aws:sqs:x:1:live'];
  const needs = sqsNeeds('StartMessageMoveTask', { SourceArn: source, DestinationArn: destination }, place);
  expect(needs.map(({ action, resource }) => `${action} ${resource}`)).toEqual([
    `sqs:StartMessageMoveTask ${source}`,
    `sqs:ReceiveMessage ${source}`,
    `sqs:DeleteMessage ${source}`,
    `sqs:GetQueueAttributes ${source}`,
    `sqs:SendMessage ${destination}`,
  ]);
});

test('an operation without a specific resource needs the permission for all resources', () => {
  expect(cloudWatchNeeds('GetMetricData', place)).toEqual([{ action: 'cloudwatch:GetMetricData', resource: '*' }]);
  expect(sqsNeeds('ListQueues', {}, place)).toEqual([{ action: 'sqs:ListQueues', resource: '*' }]);
  expect(dynamoDbNeeds('ListStreams', {}, place)).toEqual([{ action: 'dynamodb:ListStreams', resource: '*' }]);
});

test.each([
  ['FilterLogEvents', 'arn:aws:logs:eu-central-1:000000000000:log-group:/a'],
  ['StartQuery', 'arn:aws:logs:eu-central-1:000000000000:log-group:/a'],
  ['GetQueryResults', '*'],
  ['StopQuery', '*'],
])('CloudWatch Logs %s needs the documented action and resource', (operation, resource) => {
  expect(logsNeeds(operation, '/a', place)).toEqual([{ action: `logs:${operation}`, resource }]);
});
