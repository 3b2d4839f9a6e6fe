import { ATTRIBUTE } from 'freshet-aws/internal/adapters/aws/items';
import * as z from 'zod/mini';
import { ANY, type Need, type Place } from './need.ts';

/** An item that is put. Calls have no leading key for tables that don't name their partition key as Freshet's do. */
const item = z.optional(
  z.looseObject({ [ATTRIBUTE.partition]: z.optional(z.looseObject({ S: z.optional(z.string()) })) }),
);
const table = z.looseObject({ TableName: z.string(), IndexName: z.optional(z.string()), Item: item });
const tables = z.looseObject({ RequestItems: z.record(z.string(), z.unknown()) });
const transaction = z.looseObject({
  TransactItems: z.array(z.record(z.string(), z.looseObject({ TableName: z.string(), Item: item }))),
});
const stream = z.looseObject({ StreamArn: z.string() });

/**
 * The action of each item of a transaction. A transaction has no action of its own (ddb/transaction-apis-iam,
 * 2026-12-01).
 */
const TRANSACTED: Readonly<Record<string, string>> = {
  Put: 'dynamodb:PutItem',
  Update: 'dynamodb:UpdateItem',
  Delete: 'dynamodb:DeleteItem',
  ConditionCheck: 'dynamodb:ConditionCheckItem',
  Get: 'dynamodb:GetItem',
};

type Read = (input: unknown, action: string, place: Place) => Need[];

const ofTable: Read = (input, action, place) => {
  const { TableName, IndexName, Item } = table.parse(input);
  const arn = tableArn(TableName, place);
  return [{ action, resource: IndexName === undefined ? arn : `${arn}/index/${IndexName}`, ...leadingKey(Item) }];
};
const ofTables: Read = (input, action, place) =>
  Object.keys(tables.parse(input).RequestItems).map((name) => ({ action, resource: tableArn(name, place) }));
const ofTransaction: Read = (input, _action, place) =>
  transaction.parse(input).TransactItems.flatMap((item) =>
    Object.entries(item).map(([kind, { TableName, Item }]) => {
      const action = TRANSACTED[kind];
      if (action === undefined) throw new Error(`a transaction has no item of the kind ${kind}`);
      return { action, resource: tableArn(TableName, place), ...leadingKey(Item) };
    }),
  );
const ofStream: Read = (input, action, place) => [
  { action, resource: inRegion(stream.parse(input).StreamArn, place.region) },
];
const ofAll: Read = (_input, action) => [{ action, resource: ANY }];

/** ddb/api-permissions-reference, 2026-12-01 */
const OPERATIONS: Readonly<Record<string, Read>> = {
  GetItem: ofTable,
  PutItem: ofTable,
  UpdateItem: ofTable,
  DeleteItem: ofTable,
  Query: ofTable,
  Scan: ofTable,
  DescribeTable: ofTable,
  DescribeTimeToLive: ofTable,
  BatchGetItem: ofTables,
  BatchWriteItem: ofTables,
  TransactGetItems: ofTransaction,
  TransactWriteItems: ofTransaction,
  ListTables: ofAll,
  ListStreams: ofAll,
  DescribeStream: ofStream,
  GetShardIterator: ofStream,
};

/**
 * The IAM actions of an operation of DynamoDB or DynamoDB Streams. Throws for an operation whose actions aren't
 * emulated and for an input that can't be read, so that such a request is never allowed.
 */
export function dynamoDbNeeds(operation: string, input: unknown, place: Place): Need[] {
  const read = Object.hasOwn(OPERATIONS, operation) ? OPERATIONS[operation] : undefined;
  if (read) return read(input, `dynamodb:${operation}`, place);
  const known = Object.keys(OPERATIONS).join(', ');
  throw new Error(`the permissions for DynamoDB ${operation} are not emulated. Emulated: those for ${known}`);
}

function leadingKey(put: z.infer<typeof item>): Pick<Need, 'leadingKey'> {
  const key = put?.[ATTRIBUTE.partition]?.S;
  return key === undefined ? {} : { leadingKey: key };
}

/** The ARN of a table that is given by name or ARN. */
function tableArn(name: string, { region, accountId }: Place): string {
  if (name.startsWith('arn:')) return inRegion(name, region);
  return `arn:aws:dynamodb:${region}:${accountId}:table/${name}`;
}

/** Replaces the engine's name in ARNs with the region. Engines write their own name where an ARN has its region. */
export function inRegion(text: string, region: string): string {
  return text.replaceAll(/(?<=\barn:aws:dynamodb:)(dynoxide|ddblocal)(?=:)/g, region);
}
