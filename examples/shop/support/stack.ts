import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { type ChangeSource, type DeploymentStage, LocalCache } from 'freshet-aws/cdk';
import support from './contracts.ts';

/** Props of `SupportStack`. */
export interface SupportStackProps extends StackProps {
  /** The owner of countries and currencies. */
  readonly geography: ChangeSource;
  /** Whether data stays when the stack is deleted. */
  readonly stage: DeploymentStage;
}

/** Customer support: a service that comes later. Its cache fills itself with what the owner has by then. */
export class SupportStack extends Stack {
  readonly cache: LocalCache;

  constructor(scope: Construct, id: string, { geography, stage, ...props }: SupportStackProps) {
    super(scope, id, props);
    this.cache = new LocalCache(this, 'Cache', { boundary: support, sources: [geography], stage });
  }
}
