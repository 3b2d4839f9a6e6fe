import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { type ChangeSource, type DeploymentStage, LocalCache } from 'freshet-aws/cdk';
import warehouse from './contracts.ts';

/** Props of `WarehouseStack`. */
export interface WarehouseStackProps extends StackProps {
  /** The owner of countries. */
  readonly geography: ChangeSource;
  /** Whether data stays when the stack is deleted. */
  readonly stage: DeploymentStage;
}

/** The warehouse: caches a few fields of countries. */
export class WarehouseStack extends Stack {
  readonly cache: LocalCache;

  constructor(scope: Construct, id: string, { geography, stage, ...props }: WarehouseStackProps) {
    super(scope, id, props);
    this.cache = new LocalCache(this, 'Cache', { boundary: warehouse, sources: [geography], stage });
  }
}
