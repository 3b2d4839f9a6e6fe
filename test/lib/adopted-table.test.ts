import { Duration, Stack } from 'aws-cdk-lib';
import { AttributeType, StreamViewType, Table, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Key } from 'aws-cdk-lib/aws-kms';
import { describe, expect, test } from 'vitest';
import { EntityOwner, type EntityOwnerProps } from '../../lib/entity-owner.ts';
import { workshop } from '../support/adopting.ts';
import { lab } from '../support/lab.ts';
import { appTemplates, propertiesOf, stackTemplate } from '../support/shop.ts';
import type { Template } from '../support/table-writers.ts';

const partitionKey = { name: 'pk', type: AttributeType.STRING };
const NAME = 'arn:aws:dynamodb:eu-west-1:111122223333:table/parts';
const STREAM = `${NAME}/stream/2026-11-30T00:00:00.000`;

const imported = (stack: Stack) =>
  Table.fromTableAttributes(stack, 'Parts', { tableArn: NAME, tableStreamArn: STREAM });

const adopting = (stack: Stack, props: Partial<EntityOwnerProps> = {}) => {
  const adopts = props.adopts ?? { table: imported(stack) };
  return new EntityOwner(stack, 'Owner', { boundary: workshop, ...props, adopts });
};

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

/** The actions that a function's role has on what a text of its resources names. */
function actionsOn(template: Template, role: string, named: string): string[] {
  const [, policy] =
    Object.entries(template.Resources).find(([id, { Type }]) => Type === 'AWS::IAM::Policy' && id.includes(role)) ?? [];
  const statements: Statement[] = policy?.Properties.PolicyDocument.Statement ?? [];
  return statements
    .filter(({ Resource }) => JSON.stringify(Resource).includes(named))
    .flatMap(({ Action }) => Action)
    .sort();
}

describe('an owner that adopts an existing table', () => {
  const template = stackTemplate((stack) => adopting(stack));

  test('the adopter reads the stream from its start, and no function has any other right on the table', () => {
    expect(propertiesOf(template, 'AWS::Lambda::EventSourceMapping', 'AdopterStream')).toMatchObject({
      EventSourceArn: STREAM,
      StartingPosition: 'TRIM_HORIZON',
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      DestinationConfig: { OnFailure: expect.anything() },
    });
    expect(actionsOn(template, 'Adopter', NAME)).toEqual([
      'dynamodb:DescribeStream',
      'dynamodb:GetRecords',
      'dynamodb:GetShardIterator',
    ]);
    expect(actionsOn(template, 'Surveyor', NAME)).toEqual(['dynamodb:BatchGetItem', 'dynamodb:Scan']);
    for (const role of ['Relay', 'OwnerRepair', 'Governor']) expect(actionsOn(template, role, NAME)).toEqual([]);
  });

  test('the surveyor knows which table and stream it surveys', () => {
    expect(propertiesOf(template, 'AWS::Lambda::Function', 'Surveyor')).toMatchObject({
      Environment: { Variables: { EXISTING_TABLE_ARN: NAME, EXISTING_STREAM_ARN: STREAM } },
    });
  });

  test('a table of another stack, of version 2, and one with a key of its own are adopted too', () => {
    const { Owner } = appTemplates((app) => {
      const existing = new Stack(app, 'Existing');
      const table = new TableV2(existing, 'Parts', { partitionKey, dynamoStream: StreamViewType.NEW_AND_OLD_IMAGES });
      new EntityOwner(new Stack(app, 'Owner'), 'Owner', { boundary: workshop, adopts: { table } });
    });
    expect(actionsOn(Owner as Template, 'Surveyor', 'Existing')).toEqual(['dynamodb:BatchGetItem', 'dynamodb:Scan']);
    const withKey = stackTemplate((stack) => {
      const encryptionKey = Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:111122223333:key/one');
      const table = Table.fromTableAttributes(stack, 'Parts', {
        tableArn: NAME,
        tableStreamArn: STREAM,
        encryptionKey,
      });
      new EntityOwner(stack, 'Owner', { boundary: workshop, adopts: { table } });
    });
    for (const role of ['Adopter', 'Surveyor']) expect(actionsOn(withKey, role, ':key/one')).toContain('kms:Decrypt');
  });

  test.each<[string, (stack: Stack) => unknown, RegExp]>([
    [
      'without a stream',
      (stack) => adopting(stack, { adopts: { table: new Table(stack, 'Parts', { partitionKey }) } }),
      /Test\/Parts has no stream/,
    ],
    [
      'without a table',
      (stack) => new EntityOwner(stack, 'Owner', { boundary: workshop }),
      /Part, Lease. Give the table/,
    ],
    ['without a mapping', (stack) => adopting(stack, { boundary: lab }), /lab has no type with `adopted`/],
    [
      'with surveys too often',
      (stack) => adopting(stack, { adopts: { table: imported(stack), surveyEvery: Duration.minutes(5) } }),
      /surveyEvery: out of range: 5 minutes. Allowed: 1 hour to 30 days/,
    ],
    [
      'with surveys too fast',
      (stack) => adopting(stack, { adopts: { table: imported(stack), surveyRate: 6_000 } }),
      /surveyRate: out of range: 6000. Allowed: an integer from 10 to 500/,
    ],
  ])('an owner %s is refused', (_, build, message) => {
    expect(() => stackTemplate((stack) => void build(stack))).toThrow(message);
  });
});
