import { createLambdaMetrics } from './cloudwatch/aws-metrics.ts';
import { type CloudWatch, createCloudWatch } from './cloudwatch/cloudwatch.ts';
import { createMetricStore, type MetricStore } from './cloudwatch/metric-store.ts';
import type { Messaging } from './fifo/messaging.ts';
import type { Access } from './iam/access.ts';
import { mayLog } from './iam/log-access.ts';
import { requireInvoke } from './iam/service-access.ts';
import { createFunctionHost, type FunctionHost } from './lambda/host.ts';
import type { FunctionSurroundings } from './lambda/runtime-environment.ts';
import { invocationRequests, logRequest } from './ledger/lambda-requests.ts';
import type { Ledger } from './ledger/ledger.ts';

export interface WatchedFunctionsOptions {
  readonly access: Access;
  readonly messaging: Messaging;
  /** The addresses of the services that functions call. */
  readonly endpoints: FunctionSurroundings['endpoints'];
  readonly concurrency: number | undefined;
  readonly minuteMs: number;
  readonly onLog: (functionName: string, line: string) => void;
  readonly onConcurrencyChange: (functionName: string) => void;
  readonly ledger: Pick<Ledger, 'note'> | undefined;
}

/** Functions, and the CloudWatch that reads their logs and invokes them for alarms and schedules. */
export interface WatchedFunctions {
  readonly functions: FunctionHost;
  readonly cloudWatch: CloudWatch;
  readonly metrics: MetricStore;
  /** Called when a batch of a stream goes to its function. */
  onStreamBatch(functionName: string, lastRecordAtMs: number): void;
}

export function createWatchedFunctions(options: WatchedFunctionsOptions): WatchedFunctions {
  const { access, messaging, endpoints, concurrency, minuteMs, onLog, onConcurrencyChange, ledger } = options;
  const { place } = access;
  const metrics = createMetricStore();
  const { onInvocation, onThrottle, onStreamBatch } = createLambdaMetrics(metrics, Date.now);
  const functions: FunctionHost = createFunctionHost({
    ...place,
    ...(concurrency !== undefined && { concurrency }),
    endpoints,
    credentialsOf: access.credentialsOf,
    onThrottle,
    onInvocation(name, invocation) {
      onInvocation(name, invocation);
      if (ledger) invocationRequests(name, invocation).forEach(ledger.note);
    },
    onLog(name, line, logGroup) {
      if (!mayLog(access, name, logGroup)) return;
      ledger?.note(logRequest(name, line));
      metrics.record(line);
      cloudWatch.insightRules.record(logGroup, line);
      onLog(name, line);
    },
    onConcurrencyChange,
  });
  const cloudWatch: CloudWatch = createCloudWatch({
    ...place,
    messaging,
    functions,
    metrics,
    minuteMs,
    checkInvoke: (service, sourceArn, name) => requireInvoke(access, service, sourceArn, name),
    onFailure: onLog,
  });
  return { functions, cloudWatch, metrics, onStreamBatch };
}
