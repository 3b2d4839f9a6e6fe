import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { type DeploymentStage, EntityOwner } from 'freshet-aws/cdk';
import customers from './contracts.ts';

/** Props of `CustomersStack`. */
export interface CustomersStackProps extends StackProps {
  /** Whether data stays when the stack is deleted. */
  readonly stage: DeploymentStage;
}

/** Customers: owns the reference data about each customer. */
export class CustomersStack extends Stack {
  readonly owner: EntityOwner;

  constructor(scope: Construct, id: string, { stage, ...props }: CustomersStackProps) {
    super(scope, id, props);
    this.owner = new EntityOwner(this, 'Owner', { boundary: customers, stage });
  }
}
