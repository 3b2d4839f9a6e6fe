import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { DeploymentStage } from '../../../lib/data-protection.ts';
import { EntityOwner } from '../../../lib/entity-owner.ts';
import geography from './contracts.ts';

/** Props of `GeographyStack`. */
export interface GeographyStackProps extends StackProps {
  readonly stage: DeploymentStage;
}

/** Owns countries and currencies. */
export class GeographyStack extends Stack {
  readonly owner: EntityOwner;

  constructor(scope: Construct, id: string, { stage, ...props }: GeographyStackProps) {
    super(scope, id, props);
    this.owner = new EntityOwner(this, 'Owner', {
      boundary: geography,
      stage,
      // Ordering sells by what it caches; the warehouse may fall behind by itself.
      maySlowOwner: { ordering: {} },
    });
  }
}
