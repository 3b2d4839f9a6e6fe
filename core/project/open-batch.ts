import type { GroupRun } from '../message-groups.ts';
import { exhaustion } from '../retries.ts';
import { BaseChanged } from './apply.ts';
import { type Projection, projectGroup, type Settle, StopChanged, treat } from './group.ts';
import { type OpenBytes, openBytes } from './open-bytes.ts';
import type { ReceivedMessage } from './ports.ts';
import { isPoison, type Poison, type Reading, readMessage } from './read-message.ts';
import type { ProjectReport, Settled } from './report.ts';

/** A batch while it is being projected. */
export interface OpenBatch {
  readonly projection: Projection;
  readonly openBytes: OpenBytes;
  readonly settled: Map<ReceivedMessage, Settled>;
  /** The messages that go back to the queue, each with its error. */
  readonly returned: Map<ReceivedMessage, unknown>;
  /** The message that is being tried alone now. */
  alone: ReceivedMessage | undefined;
  /** Messages whose try alone ended here, while the note of the try couldn't be removed. */
  readonly unended: Set<ReceivedMessage>;
  /** Whether the report was given. What ends later doesn't count: its message was returned and comes again. */
  isClosed: boolean;
}

/** The time ran out before a message was settled. The message goes back untouched. */
class OutOfTime extends Error {
  override readonly name = 'OutOfTime';
}

export function openBatch(projection: Projection): OpenBatch {
  return {
    projection,
    openBytes: openBytes(projection.pause),
    settled: new Map(),
    returned: new Map(),
    alone: undefined,
    unended: new Set(),
    isClosed: false,
  };
}

/** Reads a message by the contracts and settings of the batch. A message whose turn comes too late isn't opened. */
export function readIn(batch: OpenBatch, message: ReceivedMessage): Promise<Reading> {
  const { boundary, nowMs, settings } = batch.projection;
  return batch.openBytes.within((opened) => {
    if (batch.isClosed) return Promise.reject(new OutOfTime());
    return readMessage(boundary, message, nowMs(), settings, opened);
  });
}

/** The cache doesn't know the schema version of a message yet: its owner was deployed first. */
class NewerSchema extends Error {
  override readonly name = 'NewerSchema';
}

/**
 * Projects messages of one group, in order. From the first message on whose schema version is newer than the cache
 * knows, they go back to the queue, until the declared time is over.
 */
export async function projectIn(batch: OpenBatch, messages: readonly ReceivedMessage[]): Promise<void> {
  const { nowMs, settings } = batch.projection;
  const sinceMs = nowMs() - settings.newerSchemaWaitSeconds * 1000;
  const readings = await Promise.all(messages.map((message) => readIn(batch, message)));
  const waits = readings.findIndex(
    (one) => isPoison(one) && one.reason === 'newer-schema' && one.message.firstReceivedAtMs > sinceMs,
  );
  const now = waits === -1 ? readings : readings.slice(0, waits);
  await projectGroup(batch.projection, now, settleIn(batch), batch.openBytes);
  if (waits !== -1) throw new NewerSchema();
}

/** Notes outcomes in the batch. Throws once the batch is closed. */
export function settleIn(batch: OpenBatch): Settle {
  return ({ message, event }, outcome, reason) => {
    if (batch.isClosed) throw new OutOfTime();
    const isTimed = outcome === 'applied' && event !== undefined && !event.sentAgain;
    const leadTimeMs = isTimed ? Math.max(0, batch.projection.nowMs() - Date.parse(event.changedAt)) : undefined;
    const { entity, version, traceparent } = event ?? {};
    batch.settled.set(message, { message, outcome, entity, version, leadTimeMs, traceparent, reason });
  };
}

/** Errors that say nothing about a message: the cache changed meanwhile, or doesn't know the schema version yet. */
const OVERTAKEN = [StopChanged, BaseChanged, NewerSchema];

/** Runs groups of the batch: what their retries and their failures mean for the projector. */
export function runOf(batch: OpenBatch, process: GroupRun['process']): GroupRun {
  const { settings, nowMs, isTransient } = batch.projection;
  return {
    budget: settings.budget,
    nowMs,
    isTransient: (error) => OVERTAKEN.some((one) => error instanceof one) || isTransient(error),
    process,
    isSettled: (message) => batch.settled.has(message),
    park: (message, error) => treatExhausted(batch, message, error),
    giveBack: (messages, error, seconds) => giveBack(batch, messages, error, seconds),
  };
}

/** Treats a message that used up its retries as poison, by the policy of its type. */
async function treatExhausted(batch: OpenBatch, message: ReceivedMessage, error: unknown): Promise<void> {
  if (batch.isClosed) throw new OutOfTime();
  const reading = await readIn(batch, message).catch(() => undefined);
  // Reading may wait for other large messages until the time is over.
  if (batch.isClosed) throw new OutOfTime();
  const poison: Poison = {
    message,
    event: reading?.event,
    reason: 'retries-exhausted',
    explanation: exhaustion(message, error),
  };
  await treat(batch.projection, [poison], settleIn(batch));
}

/** Returns messages to the queue, hidden for a while. Does nothing once the batch is closed. */
export async function giveBack(
  batch: OpenBatch,
  messages: readonly ReceivedMessage[],
  error: unknown,
  seconds: number,
): Promise<void> {
  if (batch.isClosed) return;
  for (const message of messages) batch.returned.set(message, error);
  await batch.projection.ports.postpone(messages, seconds);
}

/** Ends the batch: what isn't settled by now goes back untouched and at once. */
export async function closeBatch(batch: OpenBatch, messages: readonly ReceivedMessage[]): Promise<ProjectReport> {
  const { ports } = batch.projection;
  const { settled, returned } = batch;
  batch.isClosed = true;
  const late = messages.filter((message) => !settled.has(message) && !returned.has(message));
  for (const message of late) returned.set(message, new OutOfTime());
  if (late.length > 0) await ports.postpone(late, 0).catch(() => undefined);
  // An invocation that ends in order is no crash.
  if (batch.alone !== undefined) await ports.endAlone(batch.alone).catch(() => undefined);
  return {
    settled: [...settled.values()],
    returned: [...returned].map(([message, error]) => ({ message, error })),
  };
}
