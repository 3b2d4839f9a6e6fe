import { RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { EntityOwner } from '../../../lib/entity-owner.ts';
import geography from './contracts.ts';

/** Owns countries and currencies. */
export class GeographyStack extends Stack {
  readonly owner: EntityOwner;

  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    // An example's data comes from npm packages and may go with its stack.
    this.owner = new EntityOwner(this, 'Owner', {
      boundary: geography,
      removalPolicy: RemovalPolicy.DESTROY,
      // Ordering sells by what it caches; the warehouse may fall behind by itself.
      maySlowOwner: { ordering: {} },
    });
  }
}
