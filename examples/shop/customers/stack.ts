import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { DeploymentStage } from '../../../lib/data-protection.ts';
import { EntityOwner } from '../../../lib/entity-owner.ts';
import customers from './contracts.ts';

/** Props of `CustomersStack`. */
export interface CustomersStackProps extends StackProps {
  readonly stage: DeploymentStage;
}

/** Owns customers. */
export class CustomersStack extends Stack {
  readonly owner: EntityOwner;

  constructor(scope: Construct, id: string, { stage, ...props }: CustomersStackProps) {
    super(scope, id, props);
    this.owner = new EntityOwner(this, 'Owner', { boundary: customers, stage });
  }
}
