import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { type DeploymentStage, deletionProtection, removalPolicy } from '../../../lib/data-protection.ts';

/** A service's own table, which nobody else reads or writes: partition key `id`. */
export function serviceTable(scope: Construct, id: string, stage: DeploymentStage): Table {
  return new Table(scope, id, {
    partitionKey: { name: 'id', type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
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
