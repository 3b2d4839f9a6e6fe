import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { STALENESS_PARTITION } from '../adapters/aws/items.ts';

/** Lets a function note for a cache's readers how stale it may be: that one item, whose key no entity has (ddb/specifying-conditions). */
export function grantStaleness(grantee: IGrantable, { tableArn }: Pick<ITable, 'tableArn'>): void {
  const conditions = { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': [STALENESS_PARTITION] } };
  grantee.grantPrincipal.addToPrincipalPolicy(
    new PolicyStatement({ actions: ['dynamodb:PutItem'], resources: [tableArn], conditions }),
  );
}
