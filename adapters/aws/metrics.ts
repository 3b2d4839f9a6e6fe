import { Metrics } from '@aws-lambda-powertools/metrics';
import { type Emitter, METRIC_NAMESPACE, STACK_DIMENSION } from '../../core/metrics.ts';

/** Creates Freshet's metrics of an emitter, in CloudWatch's embedded metric format. They have one set of dimensions. */
export function createMetrics({ name, stack }: Emitter): Metrics {
  return new Metrics({
    namespace: METRIC_NAMESPACE,
    serviceName: name,
    defaultDimensions: { [STACK_DIMENSION]: stack },
  });
}
