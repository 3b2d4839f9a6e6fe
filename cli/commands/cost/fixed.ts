import { readAssembly } from 'freshet-local/internal/provision/assembly';
import * as z from 'zod/mini';
import type { MonthlyUnit } from './prices.ts';

const queue = z.object({ FifoQueue: z.optional(z.boolean()) });
const mapping = z.object({ EventSourceArn: z.object({ 'Fn::GetAtt': z.tuple([z.string(), z.string()]) }) });
const alarm = z.object({ Metrics: z.optional(z.array(z.looseObject({ MetricStat: z.optional(z.unknown()) }))) });

/** The resources in the templates that are billed by the month, and the queues that are polled. */
export interface Fixed {
  /** The number of each. Custom metrics are missing, because templates don't declare them. */
  readonly monthly: Readonly<Record<Exclude<MonthlyUnit, 'customMetrics'>, number>>;
  /** Queues that event source mappings poll. */
  readonly polled: { readonly fifo: number; readonly standard: number };
}

/** Counts the fixed resources of a cloud assembly. */
export function fixedIn(assembly: string): Fixed {
  const resources = readAssembly(assembly).flatMap(({ template: { Resources } }) =>
    Object.values(Resources).map(({ Type, Properties }) => ({ Type, Properties, Resources })),
  );
  const ofType = (type: string) => resources.filter(({ Type }) => Type === type);
  const isFifo = ofType('AWS::Lambda::EventSourceMapping').flatMap(({ Properties, Resources }) => {
    const [id] = mapping.parse(Properties).EventSourceArn['Fn::GetAtt'];
    const source = Resources[id];
    return source?.Type === 'AWS::SQS::Queue' ? [queue.parse(source.Properties ?? {}).FifoQueue === true] : [];
  });
  const alarmMetrics = ofType('AWS::CloudWatch::Alarm').map(({ Properties }) => {
    // An alarm with metric math is billed by each metric in it.
    const { Metrics } = alarm.parse(Properties);
    return Metrics?.filter(({ MetricStat }) => MetricStat !== undefined).length ?? 1;
  });
  return {
    monthly: {
      alarmMetrics: alarmMetrics.reduce((sum, count) => sum + count, 0),
      compositeAlarms: ofType('AWS::CloudWatch::CompositeAlarm').length,
      dashboards: ofType('AWS::CloudWatch::Dashboard').length,
      insightRules: ofType('AWS::CloudWatch::InsightRule').length,
      keys: ofType('AWS::KMS::Key').length,
    },
    polled: { fifo: isFifo.filter((fifo) => fifo).length, standard: isFifo.filter((fifo) => !fifo).length },
  };
}
