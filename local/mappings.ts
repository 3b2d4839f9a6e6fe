import { setTimeout as pause } from 'node:timers/promises';
import type { Mapping, QueueMappingRequest, StreamMappingRequest } from './event-source-mappings.ts';
import { sizeBytes } from './fifo/message.ts';
import type { Queue } from './fifo/queue.ts';
import { checkMapping } from './iam/mapping-access.ts';
import { inRegion } from './iam/needs/dynamodb.ts';
import type { FunctionHost } from './lambda/host.ts';
import type { StreamPositions } from './lambda/shard-reader.ts';
import { startSqsMapping } from './lambda/sqs-mapping.ts';
import { startStreamMapping } from './lambda/stream-mapping.ts';
import { queueRequest } from './ledger/chunks.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { ProvisionTarget } from './provision/resource.ts';

/** A message that is delayed for longer than this doesn't keep a queue busy. An example is a check in 15 minutes. */
const LONG_DELAY_MS = 60_000;

/** The interval at which `waitUntilIdle` reads the counts of queues and functions, which don't announce changes. */
const IDLE_POLL_MS = 2;

/** The receivers of the log lines, stream batches and billed requests of event source mappings. */
export interface MappingObservers {
  readonly onLog: (functionName: string, line: string) => void;
  onStreamBatch(functionName: string, lastRecordAtMs: number): void;
  readonly ledger: Pick<Ledger, 'note'> | undefined;
}

/** The parts of the local cloud that a mapping connects. */
export type MappingParts = Pick<
  ProvisionTarget,
  'region' | 'accountId' | 'engine' | 'messaging' | 'functions' | 'access'
>;

/** Starts an event source mapping on a queue. */
export function mapQueue(
  request: QueueMappingRequest,
  parts: MappingParts,
  { onLog, ledger }: MappingObservers,
): Mapping {
  const { functionName, queueArn, maximumConcurrency, ...rest } = request;
  const { region, messaging, functions, access } = parts;
  const queue = messaging.queues.require(queueArn);
  checkMapping(access, { functionName, sourceArn: queue.arn });
  checkVisibility(queue, functions.timeoutMs(functionName));
  const mapping = startSqsMapping({
    ...rest,
    ...(maximumConcurrency !== undefined && { maximumConcurrency }),
    queue,
    functionArn: functionArn(parts, functionName),
    invoke: (event) => functions.invoke(functionName, event),
    room: functions.room(functionName),
    now: Date.now,
    region,
    onFailure: (reason) => onLog(functionName, `[mapping of ${queue.name}] ${reason}`),
    onRequest(operation, messages) {
      if (ledger === undefined) return;
      const bytes = messages.reduce((sum, { body, messageAttributes }) => sum + sizeBytes(body, messageAttributes), 0);
      const billed = queueRequest(queue.isFifo, bytes);
      const caller = `mapping of ${functionName}`;
      ledger.note({ service: 'SQS', operation, caller, resource: queue.name, billed });
    },
  });
  return {
    functionName,
    caughtUp: async () => {},
    isEmpty() {
      const { visible, inFlight, delayed } = queue.counts();
      const isLater = (queue.nextVisibleAt() ?? 0) > Date.now() + LONG_DELAY_MS;
      return visible + inFlight === 0 && (delayed === 0 || isLater) && mapping.inFlight === 0;
    },
    wake: () => {},
    stop: () => mapping.stop(),
  };
}

/**
 * Throws, like CreateEventSourceMapping, if the queue's visibility timeout is shorter than the function's timeout.
 * Messages would become visible again while the function still processes them (lambda/latest/dg/services-sqs-configure;
 * the text is AWS's).
 */
function checkVisibility(queue: Queue, timeoutMs: number): void {
  const { visibilityTimeoutSeconds } = queue.settings();
  if (visibilityTimeoutSeconds * 1000 >= timeoutMs) return;
  const visibility = `Queue visibility timeout: ${visibilityTimeoutSeconds} seconds`;
  throw new Error(`${visibility} is less than Function timeout: ${timeoutMs / 1000} seconds`);
}

/** Starts an event source mapping on a stream. @param positions where each shard is read from */
export async function mapStream(
  request: StreamMappingRequest,
  positions: StreamPositions,
  parts: MappingParts,
  { onStreamBatch }: MappingObservers,
): Promise<Mapping> {
  const { functionName, onFailureDestination, ...rest } = request;
  const { region, engine, messaging, functions, access } = parts;
  checkMapping(access, { functionName, sourceArn: inRegion(rest.streamArn, region), onFailureDestination });
  const destination = onFailureDestination && messaging.queues.require(onFailureDestination);
  const mapping = await startStreamMapping({
    ...rest,
    engine,
    region,
    positions,
    functionArn: functionArn(parts, functionName),
    invoke(event, lastRecordAtMs) {
      onStreamBatch(functionName, lastRecordAtMs);
      return functions.invoke(functionName, event);
    },
    ...(destination && { onFailure: (failure) => void destination.send({ body: JSON.stringify(failure) }) }),
  });
  let changed = signal();
  return {
    functionName,
    // The stream of a stopped function never catches up. `wake` ends the wait, so that `waitUntilIdle` looks again.
    caughtUp: () => Promise.race([mapping.caughtUp(), changed.fired]),
    isEmpty: () => true,
    wake() {
      changed.fire();
      changed = signal();
      mapping.wake();
    },
    stop: () => mapping.stop(),
  };
}

function functionArn({ region, accountId }: MappingParts, name: string): string {
  return `arn:aws:lambda:${region}:${accountId}:function:${name}`;
}

/** A promise that resolves when `fire` is called. */
function signal(): { readonly fired: Promise<void>; fire(): void } {
  let fire = () => {};
  const fired = new Promise<void>((resolve) => {
    fire = resolve;
  });
  return { fired, fire: () => fire() };
}

/**
 * Resolves when all work is done. Queues report their counts at once, but a stream must be read to find out whether it
 * has records left. So this function looks twice: before and after the streams are read to their end. No work is left
 * if both times no invocation ran and all queues were empty, and no function was invoked in between.
 */
export async function waitUntilIdle(
  functions: FunctionHost,
  mappings: readonly Mapping[],
  isStopped: () => boolean,
): Promise<void> {
  const look = () => {
    const states = functions.functions();
    const stopped = new Set(states.flatMap(({ name, stopped }) => (stopped ? [name] : [])));
    const awaited = mappings.filter(({ functionName }) => !stopped.has(functionName));
    const quiet = states.every(({ running }) => running === 0) && awaited.every((mapping) => mapping.isEmpty());
    const invocations = states.reduce((total, state) => total + state.invocations, 0);
    return { awaited, quiet, invocations };
  };
  while (!isStopped()) {
    const before = look();
    await Promise.all(before.awaited.map((mapping) => mapping.caughtUp()));
    const after = look();
    const unchanged = before.invocations === after.invocations && before.awaited.length === after.awaited.length;
    if (before.quiet && after.quiet && unchanged) return;
    await pause(IDLE_POLL_MS);
  }
}
