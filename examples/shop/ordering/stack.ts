import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { type ChangeSource, type DeploymentStage, LocalCache } from 'freshet-aws/cdk';
import ordering from './contracts.ts';

/** Props of `OrderingStack`. */
export interface OrderingStackProps extends StackProps {
  /** The owner of countries and currencies. */
  readonly geography: ChangeSource;
  /** Whether data stays when the stack is deleted. */
  readonly stage: DeploymentStage;
}

/** Ordering in the small shop: caches countries and currencies. */
export class OrderingStack extends Stack {
  readonly cache: LocalCache;

  constructor(scope: Construct, id: string, { geography, stage, ...props }: OrderingStackProps) {
    super(scope, id, props);
    this.cache = new LocalCache(this, 'Cache', { boundary: ordering, sources: [geography], stage });
  }
}
