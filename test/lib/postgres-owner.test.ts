import { Duration, Stack } from 'aws-cdk-lib';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { describe, expect, test } from 'vitest';
import { PostgresOwner, type PostgresOwnerProps } from '../../lib/postgres-owner.ts';
import { parts } from '../postgres/boundary.ts';
import { workshop } from '../support/adopting.ts';
import { evaluateExpression } from '../support/evaluate-expression.ts';
import { propertiesOf, resourcesOf, stackTemplate } from '../support/shop.ts';
import { watchedPostgres } from '../support/watched-postgres.ts';

const DATABASE = { host: 'db.example.com', name: 'parts', user: 'parts_relay', resourceId: 'prx-0123' };

const owning = (stack: Stack, props: Partial<PostgresOwnerProps> = {}) =>
  new PostgresOwner(stack, 'Owner', { boundary: parts, database: DATABASE, ...props });

/** What the roles may do on resources that a text names. */
function allowedOn(template: ReturnType<typeof stackTemplate>, named: string): string[] {
  return resourcesOf(template, 'AWS::IAM::Policy').flatMap(([id, { Properties }]) =>
    (Properties.PolicyDocument.Statement as { Action: string | string[]; Resource: unknown }[])
      .filter(({ Resource }) => JSON.stringify(Resource).includes(named))
      .flatMap(({ Action }) => [Action].flat().map((action) => `${/Governor|Repair|Relay/.exec(id)?.[0]} ${action}`)),
  );
}

describe('an owner in PostgreSQL', () => {
  const template = stackTemplate((stack) => owning(stack));

  test('its relay runs every minute and after a deployment, and may work longer than that', () => {
    expect(propertiesOf(template, 'AWS::Events::Rule', 'RelaySchedule')).toMatchObject({
      ScheduleExpression: 'rate(1 minute)',
      EventPattern: { source: ['aws.cloudformation'] },
    });
    expect(propertiesOf(template, 'AWS::Lambda::Function', 'Relay')).toMatchObject({
      Timeout: 120,
      Environment: {
        Variables: {
          ...{ DATABASE_HOST: 'db.example.com', DATABASE_PORT: '5432', DATABASE_NAME: 'parts', DATABASE_AUTH: 'iam' },
          ...{ DATABASE_USER: 'parts_relay', DATABASE_SCHEMA: 'freshet', KEEP_RELAYING_SECONDS: '60' },
          NODE_EXTRA_CA_CERTS: '/var/runtime/ca-cert.pem',
        },
      },
    });
  });

  test('only the relay and the repair function may connect, as one user of one database', () => {
    expect(allowedOn(template, ':dbuser:prx-0123/parts_relay').sort()).toEqual([
      'Relay rds-db:connect',
      'Repair rds-db:connect',
    ]);
  });

  test('the facts of its boundary have a topic of their own; a boundary without facts has none', () => {
    expect(resourcesOf(template, 'AWS::SNS::Topic')).toHaveLength(2);
    const without = stackTemplate((stack) => owning(stack, { boundary: { ...parts, publishes: {} } }));
    expect(resourcesOf(without, 'AWS::SNS::Topic')).toHaveLength(1);
  });

  test('in a VPC, both functions run there and may have network interfaces', () => {
    const inVpc = stackTemplate((stack) => {
      const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', {
        vpcId: 'vpc-1',
        availabilityZones: ['eu-west-1a'],
        privateSubnetIds: ['subnet-1'],
      });
      return owning(stack, { database: { ...DATABASE, network: { vpc } } });
    });
    for (const name of ['Relay', 'Repair']) {
      expect(propertiesOf(inVpc, 'AWS::Lambda::Function', name).VpcConfig).toBeDefined();
    }
    expect(allowedOn(inVpc, '*')).toContain('Relay ec2:CreateNetworkInterface');
    expect(propertiesOf(template, 'AWS::Lambda::Function', 'Relay').VpcConfig).toBeUndefined();
  });

  test('its relay commits the heartbeats, so its governor has neither a table nor a topic for them', () => {
    const { Variables } = propertiesOf(template, 'AWS::Lambda::Function', 'Governor').Environment;
    expect(Object.keys(Variables)).not.toEqual(expect.arrayContaining(['OWNER_TABLE']));
    expect(Object.keys(Variables)).not.toEqual(expect.arrayContaining(['TOPIC_ARN']));
  });

  test('a writer may read flow control and wake the relay, and gets no right in the database', () => {
    const granted = stackTemplate((stack) => {
      const role = new Role(stack, 'Service', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
      owning(stack).grantWrite(role);
    });
    const [, policy] = resourcesOf(granted, 'AWS::IAM::Policy').find(([id]) => id.startsWith('Service')) ?? [];
    const statements = policy?.Properties.PolicyDocument.Statement as { Action: string | string[] }[];
    expect(statements.flatMap(({ Action }) => Action)).toEqual([
      ...['dynamodb:GetItem', 'dynamodb:UpdateItem'],
      'lambda:InvokeFunction',
    ]);
  });

  const local = { ...DATABASE, auth: 'none' as const };
  test.each<[string, Partial<PostgresOwnerProps>]>([
    ['boundary: workshop maps a DynamoDB table', { boundary: workshop }],
    ['owns no entity type', { boundary: { ...parts, owns: {} } }],
    ['database.schema: not a valid name', { database: { ...DATABASE, schema: 'My Schema' } }],
    ["database.auth: 'none' sends data over an open connection", { database: local }],
    ['keepRelaying: too long: 2 minutes', { keepRelaying: Duration.minutes(2) }],
    ['conflateAfter: too long: 2 hours', { conflateAfter: Duration.hours(2) }],
    ['repairRate: ', { repairRate: 10 }],
  ])('it refuses a wrong prop: %s', (message, props) => {
    expect(() => owning(new Stack(), props)).toThrow(message);
  });

  test('it refuses IAM without the resource that it grants', () => {
    const { resourceId: _, ...database } = DATABASE;
    expect(() => owning(new Stack(), { database })).toThrow('database.resourceId: missing');
  });
});

describe('monitoring of an owner in PostgreSQL', () => {
  const alarms = new Map(
    resourcesOf(watchedPostgres(), 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => [
      String(Properties.AlarmName).replace('Test-parts-', ''),
      Properties,
    ]),
  );

  test('it has the alarms of every owner, and one on its outbox instead of a stream', () => {
    expect([...alarms.keys()]).toEqual([
      ...['relay-delay', 'outbox-growth', 'not-published'],
      ...['reports-missing', 'writers-slowed', 'writers-refused'],
    ]);
  });

  test.each<[string, Readonly<Record<string, number>>, number]>([
    ['nothing waits', { age: 0 }, 0],
    ['a row that is on its way', { age: 900 }, 0],
    ['a row that has waited for a quarter of an hour', { age: 901 }, 1],
    ['a relay that has been silent for hours', { silence: 11 }, 1],
  ])('the outbox grows in a minute with %s: %o', (_, values, grows) => {
    const metrics = alarms.get('outbox-growth')?.Metrics as { Expression?: string }[];
    const expression = metrics.find(({ Expression }) => Expression)?.Expression;
    expect(evaluateExpression(expression, { age: undefined, silence: undefined, ...values })).toBe(grows);
  });
});
