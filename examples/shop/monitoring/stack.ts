import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { PipelineMonitoringProps } from '../../../lib/monitoring/monitoring-props.ts';
import { PipelineMonitoring } from '../../../lib/monitoring/pipeline-monitoring.ts';

/** Props of `MonitoringStack`: what is watched. */
export interface MonitoringStackProps
  extends StackProps,
    Pick<PipelineMonitoringProps, 'owners' | 'caches' | 'factTopics' | 'factQueues' | 'sagas'> {}

/** Watches the whole shop: one dashboard, and alarms to one topic. */
export class MonitoringStack extends Stack {
  readonly monitoring: PipelineMonitoring;

  constructor(scope: Construct, id: string, props: MonitoringStackProps) {
    const { owners, caches, factTopics = [], factQueues = [], sagas = [], ...stackProps } = props;
    super(scope, id, stackProps);
    this.monitoring = new PipelineMonitoring(this, 'Pipeline', { owners, caches, factTopics, factQueues, sagas });
  }
}
