import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { DeploymentStage } from 'freshet-aws/cdk';

/**
 * Creates a table that only one service uses. Its partition key is `id`. An item expires at its `expiresAt`, in epoch
 * seconds; an item without it never expires.
 */
export function serviceTable(scope: Construct, id: string, stage: DeploymentStage): Table {
  return createTable(scope, id, stage, true);
}

/** Creates a table like `serviceTable`, without backups, so that a removed item no longer exists anywhere. */
export function tableWithoutBackups(scope: Construct, id: string, stage: DeploymentStage): Table {
  const table = createTable(scope, id, stage, false);
  Validations.of(table).acknowledge({
    id: 'AwsSolutions::AwsSolutions-DDB3',
    reason: 'a removed item must not remain in a backup',
  });
  return table;
}

function createTable(scope: Construct, id: string, stage: DeploymentStage, hasBackups: boolean): Table {
  return new Table(scope, id, {
    partitionKey: { name: 'id', type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: hasBackups },
    timeToLiveAttribute: 'expiresAt',
    removalPolicy: stage === 'production' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    deletionProtection: stage === 'production',
  });
}

/**
 * Lets a function call some of DynamoDB's actions on a table.
 *
 * @param actions names without their prefix, such as `GetItem`
 */
export function grant({ tableArn }: Table, grantee: IGrantable, ...actions: readonly string[]): void {
  Grant.addToPrincipal({
    grantee,
    actions: actions.map((action) => `dynamodb:${action}`),
    resourceArns: [tableArn],
  });
}
