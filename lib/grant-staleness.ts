import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { STALENESS_PARTITION } from '../adapters/aws/items.ts';

/**
 * Lets a function write one item of a cache's table: the one that tells readers how stale the cache may be. No entity
 * has this item's partition key (ddb/specifying-conditions).
 */
export function grantStaleness(grantee: IGrantable, { tableArn }: Pick<ITable, 'tableArn'>): void {
  const conditions = { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': [STALENESS_PARTITION] } };
  grantee.grantPrincipal.addToPrincipalPolicy(
    new PolicyStatement({ actions: ['dynamodb:PutItem'], resources: [tableArn], conditions }),
  );
}
