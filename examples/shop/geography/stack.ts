import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { type DeploymentStage, EntityOwner } from 'freshet-aws/cdk';
import geography from './contracts.ts';

/** Props of `GeographyStack`. */
export interface GeographyStackProps extends StackProps {
  /** Whether data stays when the stack is deleted. */
  readonly stage: DeploymentStage;
}

/** Geography: owns countries and currencies. */
export class GeographyStack extends Stack {
  readonly owner: EntityOwner;

  constructor(scope: Construct, id: string, { stage, ...props }: GeographyStackProps) {
    super(scope, id, props);
    this.owner = new EntityOwner(this, 'Owner', {
      boundary: geography,
      stage,
      // Ordering sells from its cache. The warehouse's cache may lag without slowing the owner.
      maySlowOwner: { ordering: {} },
    });
  }
}
