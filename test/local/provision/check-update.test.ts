import { describe, expect, test } from 'vitest';
import type { Stack } from '../../../local/provision/assembly.ts';
import { checkUpdate } from '../../../local/provision/check-update.ts';

const index = (name: string, ProjectionType = 'ALL') => ({
  IndexName: name,
  KeySchema: [{ AttributeName: name, KeyType: 'HASH' }],
  Projection: { ProjectionType },
});

const stack = (name: string, template: Omit<Stack['template'], 'Resources'> & Partial<Stack['template']>): Stack => ({
  name,
  folder: '/',
  assets: new Map(),
  template: { Resources: {}, ...template },
});

const withIndexes = (...indexes: object[]) => [
  stack('Ordering', {
    Resources: { CacheTable: { Type: 'AWS::DynamoDB::Table', Properties: { GlobalSecondaryIndexes: indexes } } },
  }),
];

describe('an update of deployed stacks', () => {
  test.each<[string, Stack[], Stack[]]>([
    ['two new indexes', withIndexes(), withIndexes(index('a'), index('b'))],
    ['two deleted indexes', withIndexes(index('a'), index('b')), withIndexes()],
    ['a new and a deleted index', withIndexes(index('a')), withIndexes(index('b'))],
    ['an index with another projection', withIndexes(index('a')), withIndexes(index('a', 'KEYS_ONLY'))],
  ])("an update with %s of a table is refused in CloudFormation's words", (_, before, after) => {
    expect(() => checkUpdate(before, after)).toThrow(
      'Ordering/CacheTable (AWS::DynamoDB::Table) UPDATE_FAILED: Cannot perform more than one GSI creation or ' +
        'deletion in a single update',
    );
  });

  test.each<[string, Stack[], Stack[]]>([
    ['one new index', withIndexes(index('a')), withIndexes(index('a'), index('b'))],
    ['one deleted index', withIndexes(index('a'), index('b')), withIndexes(index('b'))],
    ['the same indexes in another order', withIndexes(index('a'), index('b')), withIndexes(index('b'), index('a'))],
    ['a new table with two indexes', [stack('Ordering', {})], withIndexes(index('a'), index('b'))],
    ['a new stack', [], withIndexes(index('a'), index('b'))],
  ])('an update with %s is accepted', (_, before, after) => {
    expect(() => checkUpdate(before, after)).not.toThrow();
  });

  const owner = (...names: string[]) =>
    stack('Geography', {
      Outputs: Object.fromEntries(names.map((name) => [name, { Value: 'x', Export: { Name: `Geography:${name}` } }])),
    });
  const importing = (name: string) =>
    stack('Ordering', {
      Resources: {
        Queue: { Type: 'AWS::SQS::Queue', Properties: { X: [{ 'Fn::ImportValue': `Geography:${name}` }] } },
      },
    });

  test("an update that removes an export is refused in CloudFormation's words while a deployed stack imports it", () => {
    const before = [owner('Topic', 'Queue'), importing('Topic')];
    expect(() => checkUpdate(before, [owner('Queue')])).toThrow(
      'Geography UPDATE_FAILED: Export Geography:Topic cannot be deleted as it is in use by Ordering',
    );
    expect(() => checkUpdate(before, [owner('Topic'), importing('Topic')])).not.toThrow();
  });
});
