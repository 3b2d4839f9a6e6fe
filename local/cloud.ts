import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type CleanUps, createCleanUps } from './clean-ups.ts';
import type { Alarms } from './cloudwatch/alarms.ts';
import { createLogQueries } from './cloudwatch/log-queries.ts';
import { createLogStore } from './cloudwatch/log-store.ts';
import type { MetricStore } from './cloudwatch/metric-store.ts';
import type { Schedules } from './cloudwatch/schedules.ts';
import { createEngineClient } from './engine/client.ts';
import { startEngine } from './engine/start-engine.ts';
import type { EventSourceMappings } from './event-source-mappings.ts';
import { FILTER_CHANGE_MINUTES } from './fifo/limits.ts';
import { createMessaging, type Messaging } from './fifo/messaging.ts';
import { type Access, createAccess } from './iam/access.ts';
import type { Denial } from './iam/denial.ts';
import { mayDeliver } from './iam/service-access.ts';
import { LOCAL_ACCOUNT_ID, LOCAL_REGION } from './identity.ts';
import { type KeptState, openKeptState } from './keep/kept-state.ts';
import type { FunctionHost } from './lambda/host.ts';
import type { Ledger } from './ledger/ledger.ts';
import { deliveryRequests } from './ledger/wire-requests.ts';
import { createMappings } from './mapping-set.ts';
import { waitUntilIdle } from './mappings.ts';
import type { AppliedResources, Changes } from './provision/apply-resource.ts';
import { readAssembly } from './provision/assembly.ts';
import { checkUpdate } from './provision/check-update.ts';
import type { LeftOut } from './provision/left-out.ts';
import { provision } from './provision/provision.ts';
import { createWatchedFunctions } from './watched-functions.ts';
import { startDynamoDbGateway } from './wire/dynamodb-gateway.ts';
import { createFunctionUrls } from './wire/function-url.ts';
import { createHttpApis } from './wire/http-api.ts';
import { startWire } from './wire/server.ts';

/** What a local cloud runs, and how. */
export interface LocalCloudOptions {
  /** Folder of the synthesised cloud assembly: the folder that `synthesise` returns, or `cdk.out`. */
  readonly assembly: string;
  /**
   * Folder of the cloud assembly that is deployed now. The start fails if CloudFormation would refuse to update its
   * stacks to `assembly`: an update may change one index of a table, and may not remove an export that a deployed stack
   * imports. @default - nothing is deployed
   */
  readonly updateOf?: string;
  /**
   * A folder that keeps what the cloud holds, so that a later cloud of the same folder continues: tables and streams,
   * messages in queues, archives and replays of topics, how far streams were read, and the reserved concurrency of
   * functions that was set by hand. Metrics, deduplication windows, receive counts and scheduled retries aren't kept.
   * @default - nothing is kept
   */
  readonly keep?: string;
  /** Called with a message for each step and for each refused call. @default - no messages */
  readonly onProgress?: (message: string) => void;
  /** Called for each line that a function logs. @default - lines are kept for CloudWatch Logs only */
  readonly onLog?: (functionName: string, line: string) => void;
  /**
   * The length of a minute in milliseconds, for schedules, the evaluation of alarms, the periods of alarms, and the 15
   * minutes until a changed filter policy takes effect. A smaller value speeds them up. Requests to CloudWatch use real
   * time. Must be a multiple of 1000; a period of an alarm lasts at least a second. @default 60000
   */
  readonly minuteMs?: number;
  /**
   * The maximum number of execution environments per function. Further invocations wait in line, and messages wait in
   * their queue.
   * @default - 2, and up to 100 for a function whose invocations take 250 ms or longer and mostly wait
   */
  readonly concurrency?: number;
  /** The port of SQS, SNS, Lambda and CloudWatch on 127.0.0.1. @default - a free port */
  readonly port?: number;
  /**
   * With `checked`, the templates' policies must allow each call of a function and each action of an AWS service for a
   * resource, such as a topic's delivery. `off` allows every call and makes DynamoDB faster, because functions then
   * call it without a gateway. @default 'checked'
   */
  readonly iam?: 'checked' | 'off';
  /**
   * Gets the real URLs of the services and returns the URLs that functions use, such as the URL of a test's proxy.
   * @default - the real URLs
   */
  readonly functionEndpoints?: (services: ServiceEndpoints) => ServiceEndpoints;
  /**
   * Receives each request that AWS would bill, with its caller. All clients then reach DynamoDB through a gateway,
   * which takes extra time. @default - no requests are counted
   */
  readonly ledger?: Pick<Ledger, 'note'>;
}

/** The URLs of the services, for AWS SDK clients' `endpoint`. */
export interface ServiceEndpoints {
  /** DynamoDB and DynamoDB Streams, such as `http://127.0.0.1:41234`. */
  readonly dynamodb: string;
  /** SQS. The same server also answers SNS, CloudWatch and Lambda. */
  readonly sqs: string;
  /** SNS. */
  readonly sns: string;
  /** CloudWatch. */
  readonly cloudwatch: string;
}

/** A running local cloud with the resources of a cloud assembly. */
export interface LocalCloud {
  /** The URLs of the services, for AWS SDK clients. They accept any credentials. */
  readonly endpoints: ServiceEndpoints;
  /** The emulated region, `us-east-1`. */
  readonly region: string;
  /** The emulated account, `000000000000`. */
  readonly accountId: string;
  /** The outputs of each stack: stack name to output id to value. */
  readonly outputs: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The Lambda functions. A test can invoke and stop them, and read their counts. */
  readonly functions: FunctionHost;
  /** The queues and topics. A test can read their messages, and send to them. */
  readonly messaging: Messaging;
  /** The policies, the calls that were checked, and the refused calls. */
  readonly access: Access;
  /** The metrics that functions logged, and those that AWS would write. */
  readonly metrics: MetricStore;
  /** The alarms of the templates. */
  readonly alarms: Omit<Alarms, 'add'>;
  /** The EventBridge schedules of the templates. */
  readonly schedules: Pick<Schedules, 'list' | 'runNow'>;
  /**
   * Does the work of one minute at once: fires all schedules, then evaluates the alarms. Resolves when the functions
   * that the schedules and alarms invoke have answered.
   */
  tick(): Promise<void>;
  /** Resources that are not emulated (no local effect): resource type to count. */
  readonly notEmulated: Readonly<Record<string, number>>;
  /**
   * Resources, and parts of resources, that the local cloud can't read or emulate. They are left out. A function that
   * names one gets a placeholder for its name or ARN.
   */
  readonly leftOut: readonly LeftOut[];
  /**
   * Resolves when all work is done: mapped streams are read to their end, mapped queues are empty, and no invocation
   * runs. It doesn't wait for the queues and streams of stopped functions, or for messages that are delayed by more
   * than a minute. It does wait for a message that fails repeatedly.
   */
  idle(): Promise<void>;
  /**
   * Changes the running cloud to a newer assembly of the app: replaces functions, adds resources, and changes indexes,
   * filters, mappings, rules, alarms and policies. What can't be changed stays as it is until a restart. The folder of
   * the assembly must stay until the next call or the stop. If a resource can't be created, rejects; the resources
   * before it are changed.
   */
  apply(assembly: string): Promise<Changes>;
  /** Stops everything, and drops all data unless `keep` is set. It may be called more than once. */
  stop(): Promise<void>;
}

const DEFAULT_MINUTE_MS = 60_000;

/**
 * The longest time that the start waits for the functions that run after a deployment. They normally take about a
 * second; a cache whose owner is broken waits ten seconds for a heartbeat.
 */
const LONGEST_AFTER_DEPLOYMENT_MS = 12_000;

/**
 * Starts a local cloud and creates the resources of the assembly in it. Everything listens on 127.0.0.1 only. Stop the
 * cloud at the end of the test.
 *
 * Functions that run after a deployment have run: each owner has sent its first heartbeats, and each cache has reported
 * its staleness.
 *
 * If a part can't be started, all parts are stopped, and the promise rejects with a message that names the problem.
 * Problems are: the folder has no assembly, there is no DynamoDB engine, the port is taken, or a resource is
 * one that CloudFormation refuses. A resource that isn't emulated is left out: see `leftOut`.
 *
 * @example const cloud = await startLocalCloud({ assembly: await synthesise('.') });
 */
export async function startLocalCloud(options: LocalCloudOptions): Promise<LocalCloud> {
  const cleanUps = createCleanUps();
  try {
    return await start(options, cleanUps);
  } catch (error) {
    await cleanUps.run();
    throw error;
  }
}

async function start(options: LocalCloudOptions, cleanUps: CleanUps): Promise<LocalCloud> {
  const { onProgress = () => {}, ledger, port } = options;
  const logs = createLogStore(Date.now);
  const queries = createLogQueries();
  const onLog = (functionName: string, line: string) => {
    logs.record(functionName, line);
    options.onLog?.(functionName, line);
  };
  const place = { region: LOCAL_REGION, accountId: LOCAL_ACCOUNT_ID };
  const stacks = readAssembly(options.assembly);
  if (options.updateOf !== undefined) checkUpdate(readAssembly(options.updateOf), stacks);
  const kept = options.keep === undefined ? undefined : openKeptState(options.keep);
  cleanUps.add(async () => kept?.close());
  const engine = await startEngine({
    onProgress,
    ...(options.keep !== undefined && { database: join(options.keep, 'data.db') }),
  });
  cleanUps.add(() => engine.stop());
  const client = createEngineClient(engine.url);
  cleanUps.add(() => client.close());
  onProgress(`DynamoDB: ${engine.name} at ${engine.url}`);

  const onDenial = ({ message }: Denial) => onProgress(message);
  const access = createAccess({ place, mode: options.iam ?? 'checked', onDenial });
  const { minuteMs = DEFAULT_MINUTE_MS } = options;
  const messaging = createAccount(access, minuteMs, ledger, kept);
  const wire = await startWire({
    messaging,
    // Functions are created later, because their environment contains the URL of this server.
    functions: () => ({
      ...functions,
      invokeLater: (name, event) => void cloudWatch.asyncInvocations.invoke(name, event),
    }),
    mappings: () => mappings,
    cloudWatch: () => cloudWatch,
    logs: () => ({ logs, functions, queries }),
    guard: access,
    ledger,
    ...(port !== undefined && { port }),
  });
  cleanUps.add(() => wire.close());
  onProgress(`SQS, SNS, Lambda and CloudWatch at ${wire.url}`);

  const { forClients, forFunctions } = await startEndpoints(engine.url, wire.url, access, ledger, cleanUps);
  /** Before this, a function's concurrency comes from its template. */
  let isProvisioned = false;
  const { functions, cloudWatch, metrics, onStreamBatch } = createWatchedFunctions({
    access,
    messaging,
    endpoints: options.functionEndpoints?.(forFunctions) ?? forFunctions,
    concurrency: options.concurrency,
    minuteMs,
    onLog,
    onConcurrencyChange(name) {
      for (const mapping of mappings.running) if (mapping.functionName === name) mapping.wake();
      if (isProvisioned) kept?.setReserved(name, functions.functions().find((one) => one.name === name)?.reserved);
    },
    ledger,
  });
  const parts = { ...place, engine: client, messaging, functions, access };
  const mappings: EventSourceMappings = createMappings(parts, { onLog, onStreamBatch, ledger }, kept?.positions);
  // A mapping stops only after its invocations have ended, and stopping the functions ends them. So both stop together.
  cleanUps.add(async () => {
    const stopped = mappings.stop();
    await functions.stop();
    await stopped;
  });
  cleanUps.add(() => cloudWatch.stop());
  const functionUrls = createFunctionUrls({ functions, guard: access, onProgress, onFailure: onLog });
  cleanUps.add(() => functionUrls.close());
  const httpApis = createHttpApis({ functions, access, onProgress, onFailure: onLog });
  cleanUps.add(() => httpApis.close());

  const target = {
    ...parts,
    functionUrls,
    httpApis,
    cloudWatch,
    mappings,
    ...(kept && { keepsTables: true, keptConcurrency: kept.reserved }),
  };
  const applied: AppliedResources = new Map();
  let { outputs, notEmulated, leftOut } = await provision(stacks, target, applied);
  isProvisioned = true;
  const mapped = `${functions.functions().length} functions, ${mappings.running.length} event source mappings`;
  onProgress(`${stacks.length} stacks: ${mapped}, ${messaging.queues.list().length} queues`);
  const idle = () => waitUntilIdle(functions, mappings.running, cleanUps.hasStarted);
  const deployed = cloudWatch.start().then(idle);
  // Owners and caches that continue have sent heartbeats and reported before.
  if (!kept?.isContinued) {
    await Promise.race([deployed, pause(LONGEST_AFTER_DEPLOYMENT_MS, undefined, { ref: false })]);
  }
  const { alarms, schedules, tick } = cloudWatch;
  return {
    ...place,
    endpoints: forClients,
    get outputs() {
      return outputs;
    },
    functions,
    messaging,
    access,
    metrics,
    alarms,
    schedules,
    tick,
    get notEmulated() {
      return notEmulated;
    },
    get leftOut() {
      return leftOut;
    },
    idle,
    async apply(assembly) {
      const changes: Changes = { done: [], left: [] };
      isProvisioned = false;
      try {
        const provisioned = await provision(readAssembly(assembly), target, applied, changes);
        ({ outputs, notEmulated, leftOut } = provisioned);
        // CloudFormation sends the events once a stack is complete. The caller doesn't wait for the functions.
        void schedules.deployed(provisioned.changedStacks);
      } finally {
        isProvisioned = true;
      }
      return changes;
    },
    stop: cleanUps.run,
  };
}

/** Creates the account of queues and topics. A topic delivers to a queue only if the policies in `access` allow it. */
function createAccount(
  access: Access,
  minuteMs: number,
  ledger: LocalCloudOptions['ledger'],
  kept: KeptState | undefined,
): Messaging {
  return createMessaging({
    ...access.place,
    now: Date.now,
    newId: randomUUID,
    filterChangeMs: FILTER_CHANGE_MINUTES * minuteMs,
    mayDeliver: (topicArn, queueArn) => mayDeliver(access, topicArn, queueArn),
    ...(kept && { keptQueue: kept.queue, keptTopic: kept.topic }),
    ...(ledger && { onDelivered: (...delivery) => deliveryRequests(...delivery).forEach(ledger.note) }),
  });
}

/** Returns the URLs for the developer's clients and for functions. Starts a gateway to DynamoDB if one is needed. */
async function startEndpoints(
  engineUrl: string,
  wireUrl: string,
  access: Access,
  ledger: LocalCloudOptions['ledger'],
  cleanUps: CleanUps,
): Promise<{ readonly forClients: ServiceEndpoints; readonly forFunctions: ServiceEndpoints }> {
  const direct = { dynamodb: engineUrl, sqs: wireUrl, sns: wireUrl, cloudwatch: wireUrl, lambda: wireUrl };
  if (!access.isChecked && !ledger) return { forClients: direct, forFunctions: direct };
  const gateway = await startDynamoDbGateway(engineUrl, access, ledger);
  cleanUps.add(() => gateway.close());
  const throughGateway = { ...direct, dynamodb: gateway.url };
  return { forClients: ledger ? throughGateway : direct, forFunctions: throughGateway };
}
