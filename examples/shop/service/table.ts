import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { acknowledge } from '../../../lib/acknowledge.ts';
import { type DeploymentStage, deletionProtection, removalPolicy } from '../../../lib/data-protection.ts';

/** A service's own table, which nobody else reads or writes: partition key `id`; items go when `expiresAt` (epoch seconds), if any, has passed. */
export function serviceTable(scope: Construct, id: string, stage: DeploymentStage): Table {
  return table(scope, id, stage, true);
}

/** One for what must not be kept: no backup remembers what was removed. */
export function forgetfulTable(scope: Construct, id: string, stage: DeploymentStage): Table {
  const made = table(scope, id, stage, false);
  acknowledge(made, 'DDB3', 'what is removed must be gone, from backups too');
  return made;
}

function table(scope: Construct, id: string, stage: DeploymentStage, isKept: boolean): Table {
  return new Table(scope, id, {
    partitionKey: { name: 'id', type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: isKept },
    timeToLiveAttribute: 'expiresAt',
    removalPolicy: removalPolicy({ stage }),
    deletionProtection: deletionProtection({ stage }),
  });
}

/** Lets a function do some of DynamoDB's actions on a table, and no other. @param actions such as `GetItem` */
export function grant({ tableArn }: Table, grantee: IGrantable, ...actions: readonly string[]): void {
  Grant.addToPrincipal({
    grantee,
    actions: actions.map((action) => `dynamodb:${action}`),
    resourceArns: [tableArn],
  });
}
