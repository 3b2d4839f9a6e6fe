import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { DeploymentStage } from '../../../lib/data-protection.ts';
import { LocalCache } from '../../../lib/local-cache.ts';
import type { ChangeSource } from '../../../lib/local-cache-props.ts';
import ordering from './contracts.ts';

/** Props of `OrderingStack`. */
export interface OrderingStackProps extends StackProps {
  readonly geography: ChangeSource;
  readonly stage: DeploymentStage;
}

/** Sells: caches countries and currencies. */
export class OrderingStack extends Stack {
  readonly cache: LocalCache;

  constructor(scope: Construct, id: string, { geography, stage, ...props }: OrderingStackProps) {
    super(scope, id, props);
    this.cache = new LocalCache(this, 'Cache', {
      boundary: ordering,
      sources: [geography],
      stage,
    });
  }
}
