import type { Stack } from 'aws-cdk-lib';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { FactQueue } from '../../lib/fact-queue.ts';
import { FactTopic } from '../../lib/fact-topic.ts';
import type { PipelineMonitoringProps } from '../../lib/monitoring/monitoring-props.ts';
import { PipelineMonitoring } from '../../lib/monitoring/pipeline-monitoring.ts';
import { Saga, type SagaProps } from '../../lib/saga.ts';
import { billing, sales, shipping } from './sagas.ts';
import { stackTemplate } from './shop.ts';
import type { Template } from './table-writers.ts';

/** Creates a function of a service. */
export const userFunction = (stack: Stack, id: string) =>
  new LambdaFunction(stack, id, { code: Code.fromInline('x'), handler: 'index.x', runtime: Runtime.NODEJS_22_X });

/** The watched constructs. */
export interface WatchedFacts {
  readonly factTopics: readonly FactTopic[];
  readonly factQueues: readonly FactQueue[];
  readonly sagas: readonly Saga[];
}

/** How a test differs from the default setup. */
export interface WatchedOptions {
  /** Whether a function handles the queue's facts. Default: true. */
  readonly isHandled?: boolean;
  readonly saga?: Partial<SagaProps>;
  readonly monitoring?: (watched: WatchedFacts) => Partial<PipelineMonitoringProps>;
  /** Runs after `PipelineMonitoring` is created. */
  readonly after?: (stack: Stack, watched: WatchedFacts) => void;
}

/**
 * Synthesises monitoring for two topics of facts, a queue that handles charges, and a saga with two effect handlers.
 * Alarm names begin with `Test-`.
 */
export function watchedFacts({
  isHandled = true,
  saga: sagaProps = {},
  monitoring,
  after,
}: WatchedOptions = {}): Template {
  return stackTemplate((stack) => {
    const sources = [sales, billing].map((boundary) => new FactTopic(stack, boundary.name, { boundary }));
    const facts = [sales.publishes.OrderPlaced];
    const charges = new FactQueue(stack, 'Charges', { name: 'charges', facts, sources: sources.slice(0, 1) });
    if (isHandled) charges.addHandler(userFunction(stack, 'Charge'));
    const saga = new Saga(stack, 'Shipping', { saga: shipping, sources, ...sagaProps });
    for (const id of ['Printer', 'Mailer']) saga.addEffectHandler(userFunction(stack, id));
    const watched = { factTopics: sources, factQueues: [charges], sagas: [saga] };
    new PipelineMonitoring(stack, 'Monitoring', { owners: [], caches: [], ...watched, ...monitoring?.(watched) });
    after?.(stack, watched);
  });
}

let asIs: Template | undefined;

/** `watchedFacts` without options, synthesised once for all tests of a worker. */
export function watchedFactsAsIs(): Template {
  asIs ??= watchedFacts();
  return asIs;
}
