import type { App } from 'aws-cdk-lib';
import { ManagedPolicy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { describe, expect, test } from 'vitest';
import type { OrderingStack } from '../../examples/shop/ordering/stack.ts';
import { resourcesOf, shopTemplates } from '../support/shop.ts';
import { type Templates, tableWriters } from '../support/table-writers.ts';

const CACHES = ['Ordering/CacheTable0A35CF55', 'Warehouse/CacheTable0A35CF55'];
const OWNER = 'Geography/OwnerTable4A34B15D';

const shop = shopTemplates();

/** The roles of all functions whose logical id contains a text. */
function rolesOf(templates: Templates, idContains: string): string[] {
  return Object.entries(templates).flatMap(([stack, template]) =>
    resourcesOf(template, 'AWS::Lambda::Function')
      .filter(([id]) => id.includes(idContains))
      .map(([, { Properties }]) => `${stack}/${Properties.Role['Fn::GetAtt'][0]}`),
  );
}

describe('who may write', () => {
  test('the tables looked at are all that the shop has', () => {
    const tables = Object.entries(shop).flatMap(([stack, template]) =>
      resourcesOf(template, 'AWS::DynamoDB::Table').map(([id]) => `${stack}/${id}`),
    );
    expect(tables.sort()).toEqual([OWNER, ...CACHES]);
  });

  test('a cache: its projector, which can put items, and nobody else', () => {
    const projectors = rolesOf(shop, 'Projector');
    expect(projectors).toHaveLength(2);
    expect(tableWriters(shop, CACHES)).toEqual(
      CACHES.map((table, index) => ({ table, principal: projectors[index], actions: ['dynamodb:PutItem'] })),
    );
  });

  test("an owner's table: nobody until the owner grants it, the relay neither", () => {
    expect(rolesOf(shop, 'Relay')).toHaveLength(1);
    expect(tableWriters(shop, [OWNER])).toEqual([]);
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
    ['everything', (app) => role(app, 'Ordering', 'Planted').addToPolicy(statement(['*'], '*'))],
    [
      'all tables',
      (app) =>
        role(app, 'Geography', 'Planted').addToPolicy(
          statement(['dynamodb:BatchWriteItem'], 'arn:aws:dynamodb:*:*:table/*'),
        ),
    ],
    ['PartiQL', (app) => role(app, 'Ordering', 'Planted').addToPolicy(statement(['dynamodb:PartiQLUpdate'], '*'))],
    [
      "one of AWS's managed policies",
      (app) =>
        role(app, 'Ordering', 'Planted').addManagedPolicy(
          ManagedPolicy.fromAwsManagedPolicyName('AmazonDynamoDBFullAccess'),
        ),
    ],
  ])('mutant: %s is seen', (_, plant) => {
    const writers = tableWriters(shopTemplates(plant), CACHES);
    expect(writers.length).toBeGreaterThan(CACHES.length);
    expect(writers.some(({ principal }) => principal.includes('Planted'))).toBe(true);
  });

  test.each([
    ['all but some actions', { NotAction: 'dynamodb:Scan', Resource: '*' }],
    ['all but some resources', { Action: 'dynamodb:PutItem', NotResource: 'arn:aws:s3:::x' }],
  ])('mutant: %s is seen', (_, statement) => {
    const PolicyDocument = { Statement: [{ Effect: 'Allow', ...statement }] };
    const Planted = { Type: 'AWS::IAM::Role', Properties: { Policies: [{ PolicyDocument }] } };
    const writers = tableWriters({ Stack: { Resources: { Planted } } }, CACHES);
    expect(writers.map(({ principal, table }) => [principal, table])).toEqual(
      CACHES.map((table) => ['Stack/Planted', table]),
    );
  });
});
