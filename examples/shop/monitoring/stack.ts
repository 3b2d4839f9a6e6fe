import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { EntityOwner } from '../../../lib/entity-owner.ts';
import type { LocalCache } from '../../../lib/local-cache.ts';
import { PipelineMonitoring } from '../../../lib/monitoring/pipeline-monitoring.ts';

/** Props of `MonitoringStack`. */
export interface MonitoringStackProps extends StackProps {
  readonly owners: readonly EntityOwner[];
  readonly caches: readonly LocalCache[];
}

/** Watches the whole shop: one dashboard, and alarms to one topic. */
export class MonitoringStack extends Stack {
  readonly monitoring: PipelineMonitoring;

  constructor(scope: Construct, id: string, { owners, caches, ...props }: MonitoringStackProps) {
    super(scope, id, props);
    this.monitoring = new PipelineMonitoring(this, 'Pipeline', { owners, caches });
  }
}
