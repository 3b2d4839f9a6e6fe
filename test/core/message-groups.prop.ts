import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runGroups } from '../../core/message-groups.ts';
import type { ReceivedMessage } from '../../core/project/ports.ts';

const BUDGET = { attempts: 3, ageSeconds: 0 };

/** A batch of up to three groups: for each message, whether it fails, and whether it can be parked. */
const batches = fc.array(
  fc.record({
    group: fc.constantFrom('a', 'b', 'c'),
    fails: fc.boolean(),
    isThrottled: fc.boolean(),
    isParkable: fc.boolean(),
    receiveCount: fc.integer({ min: 1, max: 5 }),
  }),
  { maxLength: 10 },
);

/**
 * Each message ends once, in the order of its group; a group goes back from its first unsettled message on; one message
 * of it is parked, and none that is throttled.
 */
function groupsKeepTheirOrder(run: typeof runGroups) {
  return fc.asyncProperty(batches, async (batch) => {
    const messages = batch.map(
      ({ group, receiveCount }, index): ReceivedMessage => ({
        messageId: String(index),
        groupId: group,
        sequenceNumber: String(index),
        body: '',
        receiveCount,
        sentAtMs: 0,
        firstReceivedAtMs: 0,
      }),
    );
    const of = ({ messageId }: ReceivedMessage) =>
      batch[Number(messageId)] ?? { fails: true, isParkable: false, isThrottled: false };
    const ended: ReceivedMessage[] = [];
    const parked: ReceivedMessage[] = [];
    const returned: { messages: readonly ReceivedMessage[]; seconds: number }[] = [];
    await run(messages, {
      budget: BUDGET,
      nowMs: () => 0,
      isTransient: (error) => error instanceof Error && error.message === 'throttled',
      isSettled: (message) => ended.includes(message),
      async process(some) {
        for (const message of some) {
          await undefined;
          if (of(message).fails) throw new Error(of(message).isThrottled ? 'throttled' : 'failed');
          ended.push(message);
        }
      },
      async park(message) {
        if (!of(message).isParkable) throw new Error('down');
        ended.push(message);
        parked.push(message);
      },
      async giveBack(some, _, seconds) {
        returned.push({ messages: some, seconds });
      },
    });
    const back = returned.flatMap((one) => one.messages);
    expect([...ended, ...back].map(({ messageId }) => messageId).sort()).toEqual(
      messages.map(({ messageId }) => messageId).sort(),
    );
    for (const group of ['a', 'b', 'c']) {
      const inGroup = (one: ReceivedMessage) => one.groupId === group;
      // The settled messages of a group come first, in order, and the returned ones follow, in order, under one
      // visibility.
      expect([...ended.filter(inGroup), ...back.filter(inGroup)]).toEqual(messages.filter(inGroup));
      expect(returned.filter((one) => one.messages.some(inGroup)).length).toBeLessThanOrEqual(1);
      expect(parked.filter(inGroup).length).toBeLessThanOrEqual(1);
      const [head] = back.filter(inGroup);
      expect(head === undefined || of(head).fails).toBe(true);
    }
    expect(parked.every((one) => of(one).fails && !of(one).isThrottled && one.receiveCount >= BUDGET.attempts)).toBe(
      true,
    );
  });
}

test('in any batch with failures, each message ends once or goes back, and each group keeps its order', async () => {
  await fc.assert(groupsKeepTheirOrder(runGroups), { numRuns: 500 });
});

test.each<[string, typeof runGroups]>([
  [
    'runs each message as a group of its own',
    (messages, run) => Promise.all(messages.map((one) => runGroups([one], run))).then(() => undefined),
  ],
  [
    'returns only the failed message',
    (messages, run) =>
      runGroups(messages, {
        ...run,
        giveBack: (some, error, seconds) => run.giveBack(some.slice(0, 1), error, seconds),
      }),
  ],
  [
    'returns each message under its own visibility',
    (messages, run) =>
      runGroups(messages, {
        ...run,
        giveBack: async (some, error, seconds) => {
          for (const one of some) await run.giveBack([one], error, seconds);
        },
      }),
  ],
  [
    'parks without regard to the budget',
    (messages, run) => runGroups(messages, { ...run, budget: { attempts: 0, ageSeconds: 0 } }),
  ],
  ['parks on transient errors', (messages, run) => runGroups(messages, { ...run, isTransient: () => false })],
  [
    'parks every failing message of a group',
    async (messages, run) => {
      const returned: ReceivedMessage[] = [];
      const giveBack: typeof run.giveBack = async (some) => void returned.push(...some);
      await runGroups(messages, { ...run, giveBack });
      if (returned.length > 0) await runGroups(returned, run);
    },
  ],
])('a mutant runner that %s is found', async (_, mutant) => {
  expect((await fc.check(groupsKeepTheirOrder(mutant), { numRuns: 500, endOnFailure: true })).failed).toBe(true);
});
