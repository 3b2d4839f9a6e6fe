import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { PipelineMonitoring, type PipelineMonitoringProps } from 'freshet-aws/cdk';

/** Props of `MonitoringStack`: the constructs to monitor. */
export interface MonitoringStackProps
  extends StackProps,
    Pick<PipelineMonitoringProps, 'owners' | 'caches' | 'factTopics' | 'factQueues' | 'sagas'> {}

/** Monitors the whole shop with one dashboard, and sends all alarms to one topic. */
export class MonitoringStack extends Stack {
  readonly monitoring: PipelineMonitoring;

  constructor(scope: Construct, id: string, props: MonitoringStackProps) {
    const { owners, caches, factTopics = [], factQueues = [], sagas = [], ...stackProps } = props;
    super(scope, id, stackProps);
    this.monitoring = new PipelineMonitoring(this, 'Pipeline', { owners, caches, factTopics, factQueues, sagas });
  }
}
