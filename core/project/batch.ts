import type { EntityRef } from '../entity.ts';
import type { Outcome, PoisonReason } from '../outcome.ts';
import { exhaustion, isUsedUp, postponeSeconds } from '../retries.ts';
import { type Projection, projectGroup, type Settle, treat } from './group.ts';
import type { ReceivedMessage } from './ports.ts';
import { type Poison, type Reading, readMessage } from './read-message.ts';

/** How one message ended. */
export interface Settled {
  readonly message: ReceivedMessage;
  readonly outcome: Outcome;
  readonly entity: EntityRef | undefined;
  readonly version: number | undefined;
  /** Owner's commit to applied here, milliseconds; only for `applied`, and not for what was sent once more. */
  readonly leadTimeMs: number | undefined;
  /** The trace in which the owner committed it, see `EventAttributes`. */
  readonly traceparent?: string | undefined;
  /** Why it is poison; for `discarded`, `parked` and, behind other poison, `held`. */
  readonly reason: PoisonReason | undefined;
}

/** What became of a batch. */
export interface ProjectReport {
  readonly settled: readonly Settled[];
  /** Messages to be delivered again: all of a group that aren't settled, so that its order is kept. */
  readonly returned: readonly { readonly message: ReceivedMessage; readonly error: unknown }[];
}

/**
 * From this receive on a group may be what the projector doesn't survive: it is tried alone, one message after the other, after all
 * others are done. Groups that only failed and were returned are among them; they lose nothing but company.
 */
export const SUSPECT_RECEIVES = 3;

/** Tries alone that the projector may not survive before the message counts as poison. */
export const MAX_CRASHES_ALONE = 3;

/** What crashed the projector before is returned for so long as long as others are in its batch: they are settled without it. */
const APART_SECONDS = 1;

/** From this receive on it is tried again in any company, after the others: on a busy queue it may never come without. */
const MAX_RECEIVES_APART = 12;

/** The time ran out before a message was done; it goes back untouched. */
class OutOfTime extends Error {
  override readonly name = 'OutOfTime';
}

/** A message crashed the projector before and waits, with its group, for a batch of its own; it goes back untouched. */
class SetApart extends Error {
  override readonly name = 'SetApart';
}

/** Which messages of a group are tried. */
type Tried = 'what never crashed' | 'any';

/**
 * Applies a batch of messages to the boundary's cache: each group is read and projected by itself, groups side by side. A group that
 * fails is returned alone; what isn't done when the time runs out is returned untouched.
 *
 * @param outOfTime resolves when the answer must be given; default never
 */
export async function projectBatch(
  projection: Projection,
  messages: readonly ReceivedMessage[],
  outOfTime: Promise<void> = new Promise(() => {}),
): Promise<ProjectReport> {
  const batch = openBatch(projection, messages);
  const groups = [...grouped(messages).values()];
  const suspects = groups.filter((group) => group.some(({ receiveCount }) => receiveCount >= SUSPECT_RECEIVES));
  const work = async () => {
    await Promise.all(groups.filter((group) => !suspects.includes(group)).map(batch.together));
    const crashers: (readonly ReceivedMessage[])[] = [];
    for (const group of suspects) crashers.push(await batch.oneByOne(group, 'what never crashed'));
    await batch.tryAgain(crashers.filter((group) => group.length > 0));
  };
  await Promise.race([work(), outOfTime]);
  return batch.close();
}

function grouped(messages: readonly ReceivedMessage[]): Map<string, ReceivedMessage[]> {
  const groups = new Map<string, ReceivedMessage[]>();
  for (const message of messages) {
    const group = groups.get(message.groupId);
    if (group === undefined) groups.set(message.groupId, [message]);
    else group.push(message);
  }
  return groups;
}

function openBatch(projection: Projection, messages: readonly ReceivedMessage[]) {
  const { boundary, ports, settings, nowMs } = projection;
  const settled = new Map<ReceivedMessage, Settled>();
  const returned = new Map<ReceivedMessage, unknown>();
  /** The message that is being tried alone. */
  let alone: ReceivedMessage | undefined;
  let closed = false;

  const settle: Settle = ({ message, event }, outcome, reason) => {
    // What ends after the answer was given has been returned: it comes again and is counted then.
    if (closed) throw new OutOfTime();
    const isTimed = outcome === 'applied' && event !== undefined && !event.sentAgain;
    const leadTimeMs = isTimed ? Math.max(0, nowMs() - Date.parse(event.changedAt)) : undefined;
    const { entity, version, traceparent } = event ?? {};
    settled.set(message, { message, outcome, entity, version, leadTimeMs, traceparent, reason });
  };

  const read = (message: ReceivedMessage): Promise<Reading> => readMessage(boundary, message, nowMs(), settings);

  /** The first message that isn't settled is poison once its budget is used up, and the answer is true. Otherwise all such are returned. */
  const failed = async (group: readonly ReceivedMessage[], error: unknown): Promise<boolean> => {
    const [first, ...rest] = group.filter((message) => !settled.has(message));
    if (closed || first === undefined) return true;
    if (isUsedUp(first, settings.budget, nowMs()) && (await treated(await poisonOf(first, error)))) return true;
    await giveBack([first, ...rest], error);
    return false;
  };

  /** Returns messages, hidden for a while. */
  const giveBack = async (
    back: readonly ReceivedMessage[],
    error: unknown,
    seconds = postponeSeconds(Math.max(...back.map(({ receiveCount }) => receiveCount))),
  ): Promise<void> => {
    if (closed || back.length === 0) return;
    for (const message of back) returned.set(message, error);
    // Failing to postpone costs nothing but an earlier or later retry: the queue's own visibility time-out holds.
    await ports.postpone(back, seconds).catch(() => undefined);
  };

  const poisonOf = async (message: ReceivedMessage, error: unknown): Promise<Poison> => {
    const reading = await read(message).catch(() => undefined);
    return { message, event: reading?.event, reason: 'retries-exhausted', explanation: exhaustion(message, error) };
  };

  const treated = (poison: Poison): Promise<boolean> =>
    treat(projection, [poison], settle).then(
      () => true,
      () => false,
    );

  const tryAlone = async (message: ReceivedMessage, tried: Tried): Promise<'ended' | 'crashed before'> => {
    const crashes = await ports.beginAlone(message, tried === 'what never crashed').catch(async (error: unknown) => {
      // It may be noted all the same, and nothing was tried.
      await ports.endAlone(message).catch(() => undefined);
      throw error;
    });
    if (crashes >= MAX_CRASHES_ALONE) {
      // Its body isn't looked at any more: that may be what can't be survived. What was noted stays, should this batch end in another crash.
      const explanation = `the projector did not survive it ${crashes} times, when it was tried alone`;
      await treat(projection, [{ message, event: undefined, reason: 'crashed', explanation }], settle);
      return 'ended';
    }
    if (crashes > 0 && tried === 'what never crashed') return 'crashed before';
    alone = message;
    try {
      await projectGroup(projection, [await read(message)], settle);
    } finally {
      await ports.endAlone(message).catch(() => undefined);
      alone = undefined;
    }
    return 'ended';
  };

  const batch = {
    async together(group: readonly ReceivedMessage[]): Promise<void> {
      try {
        await projectGroup(projection, await Promise.all(group.map(read)), settle);
      } catch (error) {
        if (await failed(group, error))
          await giveBack(
            group.filter((message) => !settled.has(message)),
            error,
          );
      }
    },

    /** Tries the messages of a group one after the other; what is left from the first on that isn't to be tried. */
    async oneByOne(group: readonly ReceivedMessage[], tried: Tried): Promise<readonly ReceivedMessage[]> {
      for (const [index, message] of group.entries()) {
        if (closed) return [];
        try {
          if ((await tryAlone(message, tried)) === 'crashed before') return group.slice(index);
        } catch (error) {
          if (!(await failed(group, error))) return [];
          // Those behind it were received as often, and never tried.
          await giveBack(
            group.filter((one) => !settled.has(one)),
            error,
          );
          return [];
        }
      }
      return [];
    },

    /** One group whose first message crashed the projector before is tried again, but only where no others would share its fate. */
    async tryAgain(crashers: readonly (readonly ReceivedMessage[])[]): Promise<void> {
      const [first = [], ...rest] = crashers;
      const isApart = messages.length === crashers.flat().length || (first[0]?.receiveCount ?? 0) >= MAX_RECEIVES_APART;
      for (const group of isApart ? rest : crashers) await giveBack(group, new SetApart(), APART_SECONDS);
      if (isApart) await batch.oneByOne(first, 'any');
    },

    /** What has come of the batch until now; nothing counts any more after that. */
    async close(): Promise<ProjectReport> {
      closed = true;
      const late = messages.filter((message) => !settled.has(message) && !returned.has(message));
      for (const message of late) returned.set(message, new OutOfTime());
      if (late.length > 0) await ports.postpone(late, 0).catch(() => undefined);
      // An orderly end is no crash.
      if (alone !== undefined) await ports.endAlone(alone).catch(() => undefined);
      return {
        settled: [...settled.values()],
        returned: [...returned].map(([message, error]) => ({ message, error })),
      };
    },
  };
  return batch;
}
