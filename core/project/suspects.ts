import { runGroup } from '../message-groups.ts';
import { treat } from './group.ts';
import { giveBack, type OpenBatch, projectIn, runOf, settleIn } from './open-batch.ts';
import type { ReceivedMessage } from './ports.ts';

/**
 * From this receive on, a group may contain a message that crashes the projector. Such a group is projected one message
 * at a time, after all other groups. A group that was only returned because it failed gets the same treatment, which
 * costs it nothing but time.
 */
export const SUSPECT_RECEIVES = 3;

/** Crashes of the projector while a message was tried alone, after which the message counts as poison. */
export const MAX_CRASHES_ALONE = 3;

/**
 * Most attempts to remove the note of a try that ended. A note that stays counts as a crash, and throttling isn't one,
 * so only the end of the invocation's time should end the attempts. With the waits of the SDK they take longer.
 */
const MAX_END_ATTEMPTS = 100;

/**
 * How long a message that crashed the projector before stays hidden while its batch has other messages: they are
 * settled first, without it.
 */
const APART_SECONDS = 1;

/**
 * From this receive on, a message that crashed the projector before is tried in any batch, last. A busy queue may never
 * deliver it alone.
 */
const MAX_RECEIVES_APART = 12;

/**
 * A message crashed the projector before, and waits with its group for a batch without other messages. It goes back
 * untouched.
 */
class SetApart extends Error {
  override readonly name = 'SetApart';
}

/** The rest of a group, from a message that crashed the projector before. */
type Crasher = readonly ReceivedMessage[];

/**
 * Projects suspect groups one after the other, each message alone. Messages that crashed the projector before come
 * last.
 */
export async function projectSuspects(
  batch: OpenBatch,
  groups: readonly (readonly ReceivedMessage[])[],
  batchSize: number,
): Promise<void> {
  const crashers: Crasher[] = [];
  for (const group of groups) {
    const run = runOf(batch, async (messages) => {
      const crasher = await projectUntilCrasher(batch, messages);
      if (crasher.length > 0) crashers.push(crasher);
    });
    await runGroup(group, run);
  }
  await tryOneCrasher(batch, crashers, batchSize);
  await Promise.all([...batch.unended].map((message) => endTry(batch, message, MAX_END_ATTEMPTS)));
}

/** Removes the note of a try that ended. A table that throttles is asked again, until the batch is closed. */
async function endTry(batch: OpenBatch, message: ReceivedMessage, attempts: number): Promise<void> {
  const { ports } = batch.projection;
  batch.unended.add(message);
  for (let attempt = 0; attempt < attempts && batch.unended.has(message) && !batch.isClosed; attempt += 1) {
    await ports.endAlone(message).then(
      () => batch.unended.delete(message),
      () => undefined,
    );
  }
}

/**
 * Tries messages one after the other, up to the first that crashed the projector before. Returns that message and the
 * ones behind it.
 */
async function projectUntilCrasher(batch: OpenBatch, messages: readonly ReceivedMessage[]): Promise<Crasher> {
  for (const [index, message] of messages.entries()) {
    if (batch.isClosed) return [];
    if ((await tryAlone(batch, message, 'unless it crashed before')) === 'crashed before') return messages.slice(index);
  }
  return [];
}

/**
 * Tries the first crasher once more, but only in a batch without other messages: its crash would send them back to the
 * queue. All other crashers wait for a batch of their own.
 */
async function tryOneCrasher(batch: OpenBatch, crashers: readonly Crasher[], batchSize: number): Promise<void> {
  const [first = [], ...rest] = crashers;
  const isAmongCrashers = batchSize === crashers.flat().length;
  const isTried = isAmongCrashers || (first[0]?.receiveCount ?? 0) >= MAX_RECEIVES_APART;
  for (const group of isTried ? rest : crashers) {
    await giveBack(batch, group, new SetApart(), APART_SECONDS).catch(() => undefined);
  }
  if (!isTried) return;
  const run = runOf(batch, async (messages) => {
    for (const message of messages) if (!batch.isClosed) await tryAlone(batch, message, 'in any case');
  });
  await runGroup(first, run);
}

/** Tries one message alone, between two notes: a try that began and never ended is a crash. */
async function tryAlone(
  batch: OpenBatch,
  message: ReceivedMessage,
  tried: 'unless it crashed before' | 'in any case',
): Promise<'ended' | 'crashed before'> {
  const { ports } = batch.projection;
  const isUntriedOnly = tried === 'unless it crashed before';
  const crashes = await ports.beginAlone(message, isUntriedOnly).catch(async (error: unknown) => {
    // The note may have been written all the same, and nothing was tried.
    await endTry(batch, message, 1);
    throw error;
  });
  if (crashes >= MAX_CRASHES_ALONE) {
    await treatCrasher(batch, message, crashes);
    return 'ended';
  }
  if (crashes > 0 && isUntriedOnly) return 'crashed before';
  batch.alone = message;
  try {
    await projectIn(batch, [message]);
  } finally {
    await endTry(batch, message, 1);
    batch.alone = undefined;
  }
  return 'ended';
}

/**
 * Treats a message that crashed the projector as poison, without reading its body: the body may be what crashes the
 * projector. The notes of its tries stay, in case this batch ends in another crash.
 */
async function treatCrasher(batch: OpenBatch, message: ReceivedMessage, crashes: number): Promise<void> {
  const explanation = `the projector crashed on it ${crashes} times, when it was tried alone`;
  await treat(batch.projection, [{ message, event: undefined, reason: 'crashed', explanation }], settleIn(batch));
}
