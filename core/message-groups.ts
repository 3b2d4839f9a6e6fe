import type { ReceivedMessage } from './project/ports.ts';
import { isUsedUp, postponeSeconds, type RetryLimits } from './retries.ts';

/**
 * Splits a list into its message groups: the groups in the order in which they first occur, each group in the order of
 * the list.
 */
export function groupsOf<T>(all: readonly T[], groupIdOf: (one: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const group = groups.get(groupIdOf(one));
    if (group === undefined) groups.set(groupIdOf(one), [one]);
    else group.push(one);
  }
  return [...groups.values()];
}

/** How the messages of one batch are processed, and what happens to the ones that fail. */
export interface GroupRun {
  /** How often and how long a failing message is retried before it is parked. */
  readonly budget: RetryLimits;
  /** The clock, epoch milliseconds. */
  readonly nowMs: () => number;
  /**
   * Processes messages of one group in order. The messages that it neither settles nor fails on stay with the caller.
   *
   * @throws when a message fails. The failed message is the first one that isn't settled.
   */
  process(messages: readonly ReceivedMessage[]): Promise<void>;
  /**
   * Whether an error says nothing about the message that it occurred on, such as throttling. The message is then
   * retried whether or not its budget is used up.
   */
  isTransient(error: unknown): boolean;
  /** Whether a message has its outcome: nothing more is done with it. */
  isSettled(message: ReceivedMessage): boolean;
  /** Parks a message that used up its budget, and settles it. Throws when infrastructure fails. */
  park(message: ReceivedMessage, error: unknown): Promise<void>;
  /** Notes that messages go back to the queue, and hides them there for a while. */
  giveBack(messages: readonly ReceivedMessage[], error: unknown, seconds: number): Promise<void>;
}

/** Runs the groups of a batch side by side: see `runGroup`. A group that fails delays no other group. */
export async function runGroups(messages: readonly ReceivedMessage[], run: GroupRun): Promise<void> {
  await Promise.all(groupsOf(messages, ({ groupId }) => groupId).map((group) => runGroup(group, run)));
}

/**
 * Runs the messages of one group in order. A message that fails goes back to the queue together with the messages
 * behind it, all hidden for the same time, which grows with the attempts.
 *
 * Once the budget of the first failed message is used up, it is parked and the messages behind it are tried, unless its
 * error is transient. The next failure in the group only goes back: a message behind the first one was received as
 * often, and may never have been tried. A message that can't be parked goes back too.
 */
export async function runGroup(messages: readonly ReceivedMessage[], run: GroupRun): Promise<void> {
  const failure = await failureOf(messages, run);
  if (failure === undefined) return;
  const [failed, ...behind] = failure.left;
  if (!(await isParked(failed, failure.error, run))) return giveBackGroup(failure.left, failure.error, run);
  const next = await failureOf(behind, run);
  if (next !== undefined) await giveBackGroup(next.left, next.error, run);
}

interface Failure {
  readonly error: unknown;
  /** The failed message and the messages behind it. */
  readonly left: readonly [ReceivedMessage, ...ReceivedMessage[]];
}

/** Processes messages; undefined when no message failed. */
async function failureOf(messages: readonly ReceivedMessage[], run: GroupRun): Promise<Failure | undefined> {
  if (messages.length === 0) return undefined;
  try {
    await run.process(messages);
    return undefined;
  } catch (error) {
    const [failed, ...behind] = messages.filter((message) => !run.isSettled(message));
    return failed && { error, left: [failed, ...behind] };
  }
}

async function isParked(message: ReceivedMessage, error: unknown, run: GroupRun): Promise<boolean> {
  if (run.isTransient(error) || !isUsedUp(message, run.budget, run.nowMs())) return false;
  return run.park(message, error).then(
    () => true,
    () => false,
  );
}

async function giveBackGroup(messages: readonly ReceivedMessage[], error: unknown, run: GroupRun): Promise<void> {
  const seconds = postponeSeconds(Math.max(...messages.map(({ receiveCount }) => receiveCount)));
  // When the queue can't hide the messages, its own visibility time-out applies: they only come back earlier or later.
  await run.giveBack(messages, error, seconds).catch(() => undefined);
}
