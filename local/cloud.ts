import { randomUUID } from 'node:crypto';
import type { Alarms } from './cloudwatch/alarms.ts';
import { createLambdaMetrics } from './cloudwatch/aws-metrics.ts';
import { type CloudWatch, createCloudWatch } from './cloudwatch/cloudwatch.ts';
import { createMetricStore, type MetricStore } from './cloudwatch/metric-store.ts';
import type { Schedules } from './cloudwatch/schedules.ts';
import { createEngineClient } from './engine/client.ts';
import { startEngine } from './engine/start-engine.ts';
import { createMessaging, type Messaging } from './fifo/messaging.ts';
import { type Access, createAccess } from './iam/access.ts';
import { mayLog } from './iam/log-access.ts';
import { mayDeliver, requireInvoke } from './iam/service-access.ts';
import { LOCAL_REGION } from './identity.ts';
import { createFunctionHost, type FunctionHost } from './lambda/host.ts';
import { invocationRequests, logRequest } from './ledger/lambda-requests.ts';
import type { Ledger } from './ledger/ledger.ts';
import { deliveryRequests } from './ledger/wire-requests.ts';
import { createTarget, type Mapping, waitUntilIdle } from './mappings.ts';
import { readAssembly } from './provision/assembly.ts';
import { provision } from './provision/provision.ts';
import { startDynamoDbGateway } from './wire/dynamodb-gateway.ts';
import { createFunctionUrls } from './wire/function-url.ts';
import { startWire } from './wire/server.ts';

export interface LocalCloudOptions {
  /** Folder of the synthesised cloud assembly, usually `cdk.out`. */
  readonly assembly: string;
  /** Told of each step. @default - silent */
  readonly onProgress?: (message: string) => void;
  /** Told of each line that a function logs. @default - logs are dropped, once searched for metrics */
  readonly onLog?: (functionName: string, line: string) => void;
  /**
   * How long a minute of schedules, of the evaluation of alarms and of their periods lasts, so that experiments can scale time. What
   * clients ask of CloudWatch stays in real time. A multiple of 1000; an alarm's period lasts a second at least. @default 60000
   */
  readonly minuteMs?: number;
  /** Execution environments of a function at most. @default 2 - few, since they share this machine's cores */
  readonly concurrency?: number;
  /** Of SQS, SNS, Lambda and CloudWatch. @default - a free one */
  readonly port?: number;
  /**
   * Whether calls of functions, and what AWS does on behalf of resources, are checked against the templates' policies. `off` saves the way
   * over the gateway to DynamoDB. @default checked
   */
  readonly iam?: 'checked' | 'off';
  /** Where functions find the services, told where they are: a test puts a proxy between. @default - the services themselves */
  readonly functionEndpoints?: (services: ServiceEndpoints) => ServiceEndpoints;
  /**
   * Told of every request that AWS would bill, with who asked for it. DynamoDB is then reached over a gateway by all clients, which costs time.
   * @default - nothing is counted
   */
  readonly ledger?: Pick<Ledger, 'note'>;
}

/** URLs for AWS SDK clients. */
export interface ServiceEndpoints {
  readonly dynamodb: string;
  readonly sqs: string;
  readonly sns: string;
  readonly cloudwatch: string;
}

/** Everything that a cloud assembly declares, running on this machine. */
export interface LocalCloud {
  readonly endpoints: ServiceEndpoints;
  readonly region: string;
  readonly accountId: string;
  /** Per stack, the values of its outputs. */
  readonly outputs: Record<string, Record<string, string>>;
  readonly functions: FunctionHost;
  readonly messaging: Messaging;
  /** What was refused for want of a permission, and all that was asked for. */
  readonly access: Access;
  readonly metrics: MetricStore;
  readonly alarms: Omit<Alarms, 'add'>;
  readonly schedules: Pick<Schedules, 'list' | 'runNow'>;
  /**
   * Fires all schedules once and waits for them, then evaluates the alarms, with what has been measured up to now, and waits for the
   * functions that are their actions: a minute for those who don't want to wait for one.
   */
  tick(): Promise<void>;
  /** Resources without meaning locally: how many of each type. */
  readonly notEmulated: Record<string, number>;
  /**
   * Resolves when nothing moves any more: mapped streams are read to their end, mapped queues are empty, no invocation runs. What waits
   * for a stopped function is not waited for; a message that fails again and again is.
   */
  idle(): Promise<void>;
  /** Stops everything and drops all data; may be called more than once. */
  stop(): Promise<void>;
}

const region = LOCAL_REGION;
/** The one that the engine puts into its ARNs. */
const accountId = '000000000000';
const defaultMinuteMs = 60_000;

/** Starts what the assembly declares. If a part of it can't be started, what was started is stopped again. */
export async function startLocalCloud(options: LocalCloudOptions): Promise<LocalCloud> {
  const onProgress = options.onProgress ?? (() => {});
  const { ledger } = options;
  const cleanUps: (() => Promise<void> | void)[] = [];
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= inReverse(cleanUps);
    return stopping;
  };
  try {
    const stacks = readAssembly(options.assembly);
    const engine = await startEngine({ onProgress });
    cleanUps.push(() => engine.stop());
    const client = createEngineClient(engine.url);
    cleanUps.push(() => client.close());
    onProgress(`DynamoDB: ${engine.name} at ${engine.url}`);

    const access = createAccess({
      place: { region, accountId },
      mode: options.iam ?? 'checked',
      onDenial: ({ message }) => onProgress(message),
    });
    const messaging = createMessaging({
      ...{ now: Date.now, newId: randomUUID, region, accountId },
      mayDeliver: (topicArn, queueArn) => mayDeliver(access, topicArn, queueArn),
      ...(ledger && { onDelivered: (...delivery) => deliveryRequests(...delivery).forEach(ledger.note) }),
    });
    const { port } = options;
    const wire = await startWire({
      messaging,
      // Functions need to know where this listens, so they come after it; nobody knows a function's name before.
      functions: () => functions,
      cloudWatch: () => cloudWatch,
      guard: access,
      ledger,
      ...(port !== undefined && { port }),
    });
    cleanUps.push(() => wire.close());
    onProgress(`SQS, SNS, Lambda and CloudWatch at ${wire.url}`);

    const endpoints = { dynamodb: engine.url, sqs: wire.url, sns: wire.url, cloudwatch: wire.url };
    const forFunctions = { ...endpoints };
    if (access.isChecked || ledger) {
      const gateway = await startDynamoDbGateway(engine.url, access, ledger);
      cleanUps.push(() => gateway.close());
      forFunctions.dynamodb = gateway.url;
      if (ledger) endpoints.dynamodb = gateway.url;
    }
    const metrics = createMetricStore();
    const lambdaMetrics = createLambdaMetrics(metrics, Date.now);
    const mappings: Mapping[] = [];
    const functions: FunctionHost = createFunctionHost({
      ...(options.concurrency !== undefined && { concurrency: options.concurrency }),
      endpoints: options.functionEndpoints?.(forFunctions) ?? forFunctions,
      region,
      accountId,
      credentialsOf: access.credentialsOf,
      ...lambdaMetrics,
      onInvocation(name, invocation) {
        lambdaMetrics.onInvocation(name, invocation);
        if (ledger) invocationRequests(name, invocation).forEach(ledger.note);
      },
      onLog(name, line, logGroup) {
        if (!mayLog(access, name, logGroup)) return;
        ledger?.note(logRequest(name, line));
        metrics.record(line);
        cloudWatch.insightRules.record(logGroup, line);
        options.onLog?.(name, line);
      },
      onConcurrencyChange(name) {
        for (const mapping of mappings) if (mapping.functionName === name) mapping.wake();
      },
    });
    const cloudWatch: CloudWatch = createCloudWatch({
      messaging,
      functions,
      metrics,
      region,
      accountId,
      minuteMs: options.minuteMs ?? defaultMinuteMs,
      checkInvoke: (service, sourceArn, name) => requireInvoke(access, service, sourceArn, name),
      onFailure: (name, reason) => options.onLog?.(name, reason),
    });
    // Invocations end with their workers, and the mappings with their invocations: none of them is waited for in vain.
    cleanUps.push(async () => {
      const stopped = mappings.map((mapping) => mapping.stop());
      await functions.stop();
      await Promise.all(stopped);
    });

    cleanUps.push(() => cloudWatch.stop());

    const functionUrls = createFunctionUrls({
      ...{ functions, guard: access, onProgress },
      onFailure: (name, reason) => options.onLog?.(name, reason),
    });
    cleanUps.push(() => functionUrls.close());

    const target = createTarget(
      { region, accountId, engine: client, messaging, functions, functionUrls, cloudWatch, access },
      { mappings, onLog: options.onLog, onStreamBatch: lambdaMetrics.onStreamBatch, ledger },
    );
    const { outputs, notEmulated } = await provision(stacks, target);
    const mapped = `${functions.functions().length} functions, ${mappings.length} event source mappings`;
    onProgress(`${stacks.length} stacks: ${mapped}, ${messaging.queues.list().length} queues`);
    cloudWatch.start();

    const idle = () => waitUntilIdle(functions, mappings, () => stopping !== undefined);
    const { alarms, schedules, tick } = cloudWatch;
    const watching = { metrics, alarms, schedules, tick };
    return {
      endpoints,
      region,
      accountId,
      outputs,
      functions,
      messaging,
      access,
      ...watching,
      notEmulated,
      idle,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Goes on after a failure, so that one part that can't be stopped doesn't keep the others running. */
async function inReverse(cleanUps: (() => Promise<void> | void)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const cleanUp of cleanUps.reverse()) {
    try {
      await cleanUp();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, 'The local cloud could not be stopped completely');
}
