import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { DeploymentStage } from '../../../lib/data-protection.ts';
import { LocalCache } from '../../../lib/local-cache.ts';
import type { ChangeSource } from '../../../lib/local-cache-props.ts';
import warehouse from './contracts.ts';

/** Props of `WarehouseStack`. */
export interface WarehouseStackProps extends StackProps {
  readonly geography: ChangeSource;
  readonly stage: DeploymentStage;
}

/** Ships: caches a few fields of countries. */
export class WarehouseStack extends Stack {
  readonly cache: LocalCache;

  constructor(scope: Construct, id: string, { geography, stage, ...props }: WarehouseStackProps) {
    super(scope, id, props);
    this.cache = new LocalCache(this, 'Cache', {
      boundary: warehouse,
      sources: [geography],
      stage,
    });
  }
}
