import type { App } from 'aws-cdk-lib';
import { ManagedPolicy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { describe, expect, test } from 'vitest';
import type { OrderingStack } from '../../examples/shop/ordering/stack.ts';
import { resourcesOf, shopTemplates } from '../support/shop.ts';
import { type Templates, tableWriters } from '../support/table-writers.ts';

const CACHES = ['Ordering/CacheTableOrdering680B6179', 'Warehouse/CacheTableWarehouseBF446333'];
const OWNER = 'Geography/OwnerTableGeographyD5BF7847';
const FLOW = 'Geography/OwnerFlowTableGeographyCE110508';

const shop = shopTemplates();

/** Returns the roles of all functions whose logical id contains a text. */
function rolesOf(templates: Templates, idContains: string): string[] {
  return Object.entries(templates).flatMap(([stack, template]) =>
    resourcesOf(template, 'AWS::Lambda::Function')
      .filter(([id]) => id.includes(idContains))
      .map(([, { Properties }]) => `${stack}/${Properties.Role['Fn::GetAtt'][0]}`),
  );
}

describe('write access to the tables', () => {
  test('the shop has exactly the tables that this file checks', () => {
    const tables = Object.entries(shop).flatMap(([stack, template]) =>
      resourcesOf(template, 'AWS::DynamoDB::Table').map(([id]) => `${stack}/${id}`),
    );
    const parking = tables.filter((table) => table.includes('Parking'));
    expect(parking).toHaveLength(3);
    expect(tables.filter((table) => !parking.includes(table)).sort()).toEqual([FLOW, OWNER, ...CACHES]);
  });

  test("only a cache's projector and its repair function can write the cache, and neither can delete an item", () => {
    const writers = tableWriters(shop, CACHES).filter(({ onlyUnder }) => onlyUnder === undefined);
    expect(writers.map(({ principal, table }) => [principal, table]).sort()).toEqual(
      CACHES.flatMap((table) => {
        const [stack = ''] = table.split('/');
        const roles = [...rolesOf(shop, 'Projector'), ...rolesOf(shop, 'CacheRepair')];
        return roles.filter((role) => role.startsWith(`${stack}/`)).map((role) => [role, table]);
      }).sort(),
    );
    expect(writers).toHaveLength(4);
    expect(new Set(writers.flatMap(({ actions }) => actions))).toEqual(
      new Set(['dynamodb:PutItem', 'dynamodb:UpdateItem']),
    );
  });

  test("a cache's report function can write only the item that says how stale the cache may be", () => {
    const limited = tableWriters(shop, CACHES).filter(({ onlyUnder }) => onlyUnder !== undefined);
    expect(limited.map(({ table, actions, onlyUnder }) => ({ table, actions, onlyUnder }))).toEqual(
      CACHES.map((table) => ({ table, actions: ['dynamodb:PutItem'], onlyUnder: ['#staleness'] })),
    );
    expect(limited.map(({ principal }) => principal).sort()).toEqual(rolesOf(shop, 'CacheReport').sort());
  });

  test("without a grant, only an owner's governor can write the owner's table", () => {
    expect(rolesOf(shop, 'Relay')).toHaveLength(1);
    expect(rolesOf(shop, 'OwnerRepair')).toHaveLength(1);
    const writers = rolesOf(shop, 'OwnerFlowGovernor');
    expect(writers).toHaveLength(1);
    expect(tableWriters(shop, [OWNER])).toEqual(
      writers.map((principal) => ({ table: OWNER, principal, actions: ['dynamodb:UpdateItem'] })),
    );
  });

  test("without a grant, only an owner's governor can write the flow table", () => {
    expect(tableWriters(shop, [FLOW])).toEqual([
      { table: FLOW, principal: rolesOf(shop, 'OwnerFlowGovernor')[0], actions: ['dynamodb:PutItem'] },
    ]);
  });

  const role = (app: App, stack: string, id: string) =>
    new Role(app.node.findChild(stack), id, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  const statement = (actions: string[], resource: string) => new PolicyStatement({ actions, resources: [resource] });

  test.each<[string, (app: App, ordering: OrderingStack) => void]>([
    ['a grant to another role', (app, { cache }) => cache.table.grantWriteData(role(app, 'Ordering', 'Planted'))],
    [
      'a grant to a role of another stack',
      (app, { cache }) => cache.table.grantWriteData(role(app, 'Warehouse', 'Planted')),
    ],
    ['full access', (app, { cache }) => cache.table.grantFullAccess(role(app, 'Ordering', 'Planted'))],
    [
      'a single action on an index only',
      (app, { cache }) =>
        role(app, 'Ordering', 'Planted').addToPolicy(
          statement(['dynamodb:DeleteItem'], `${cache.table.tableArn}/index/x`),
        ),
    ],
    [
      'a wildcard in the action',
      (app, { cache }) =>
        role(app, 'Ordering', 'Planted').addToPolicy(statement(['dynamodb:Put*'], cache.table.tableArn)),
    ],
    ['all actions on all resources', (app) => role(app, 'Ordering', 'Planted').addToPolicy(statement(['*'], '*'))],
    [
      'an action on all tables',
      (app) =>
        role(app, 'Geography', 'Planted').addToPolicy(
          statement(['dynamodb:BatchWriteItem'], 'arn:aws:dynamodb:*:*:table/*'),
        ),
    ],
    [
      'a PartiQL action',
      (app) => role(app, 'Ordering', 'Planted').addToPolicy(statement(['dynamodb:PartiQLUpdate'], '*')),
    ],
    [
      "one of AWS's managed policies",
      (app) =>
        role(app, 'Ordering', 'Planted').addManagedPolicy(
          ManagedPolicy.fromAwsManagedPolicyName('AmazonDynamoDBFullAccess'),
        ),
    ],
  ])('mutant: the check of write access finds %s', (_, plant) => {
    const writers = tableWriters(shopTemplates(plant), CACHES);
    expect(writers.length).toBeGreaterThan(CACHES.length);
    expect(writers.some(({ principal }) => principal.includes('Planted'))).toBe(true);
  });

  test.each([
    ['a statement with NotAction', { NotAction: 'dynamodb:Scan', Resource: '*' }],
    ['a statement with NotResource', { Action: 'dynamodb:PutItem', NotResource: 'arn:aws:s3:::x' }],
  ])('mutant: the check of write access finds %s', (_, statement) => {
    const PolicyDocument = { Statement: [{ Effect: 'Allow', ...statement }] };
    const Planted = { Type: 'AWS::IAM::Role', Properties: { Policies: [{ PolicyDocument }] } };
    const writers = tableWriters({ Stack: { Resources: { Planted } } }, CACHES);
    expect(writers.map(({ principal, table }) => [principal, table])).toEqual(
      CACHES.map((table) => ['Stack/Planted', table]),
    );
  });
});
