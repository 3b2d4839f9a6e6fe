/**
 * `freshet-aws/cdk`: the constructs. They need `aws-cdk-lib` and `constructs`, and to synthesise an app, `esbuild` and
 * `@aws-sdk/client-cloudwatch`.
 *
 * @module freshet-aws/cdk
 */

export { AdoptedTable, type AdoptedTableProps } from '../lib/adopted-table.ts';
export { ChangeTopic, type ChangeTopicProps } from '../lib/change-topic.ts';
export type { DataProtectionProps, DeploymentStage } from '../lib/data-protection.ts';
export type { EntityOwnerProps } from '../lib/entity-owner.ts';
export { EntityOwner } from '../lib/entity-owner.ts';
export type { FactQueueProps, FactSource } from '../lib/fact-queue.ts';
export { FactQueue } from '../lib/fact-queue.ts';
export type { FactTopicProps } from '../lib/fact-topic.ts';
export { FactTopic } from '../lib/fact-topic.ts';
export type { FlowControl, MaySlow } from '../lib/flow-control.ts';
export type { FunctionNetwork } from '../lib/freshet-function.ts';
export { ImportedSource, type ImportedSourceProps } from '../lib/imported-source.ts';
export { LocalCache } from '../lib/local-cache.ts';
export type { ChangeSource, LocalCacheProps, ProvisionedPollers } from '../lib/local-cache-props.ts';
export type { Objectives, PipelineMonitoringProps } from '../lib/monitoring/monitoring-props.ts';
export { PipelineMonitoring } from '../lib/monitoring/pipeline-monitoring.ts';
export type { OwnerProps } from '../lib/owner-props.ts';
export { type PostgresDatabase, PostgresOwner, type PostgresOwnerProps } from '../lib/postgres-owner.ts';
export type { RetryBudget } from '../lib/retry-budget.ts';
export type { EffectHandler, SagaProps } from '../lib/saga.ts';
export { Saga } from '../lib/saga.ts';
export { ServiceFunction, type ServiceFunctionProps } from '../lib/service-function.ts';
export type { StreamedTable } from '../lib/stream-source.ts';
