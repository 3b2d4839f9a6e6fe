import { describe, expect, test } from 'vitest';
import { type GroupRun, groupsOf, runGroup, runGroups } from '../../core/message-groups.ts';
import type { ReceivedMessage } from '../../core/project/ports.ts';
import { MAX_POSTPONE_SECONDS } from '../../core/retries.ts';

const BUDGET = { attempts: 3, ageSeconds: 60 };

/** A message with the id `GROUP/NUMBER`, first received so long ago that its age is used up. */
function message(messageId: string, receiveCount = 1): ReceivedMessage {
  const [groupId = '', sequenceNumber = ''] = messageId.split('/');
  return { messageId, groupId, sequenceNumber, body: '', receiveCount, sentAtMs: 0, firstReceivedAtMs: 0 };
}

const ids = (messages: readonly ReceivedMessage[]) => messages.map(({ messageId }) => messageId);

/** A run that processes messages one by one and records what it does. */
function recorded({ fails = () => false, isParkingBroken = false, isHidingBroken = false }: Broken = {}) {
  const tried: string[] = [];
  const settled = new Set<string>();
  const parked: [string, unknown][] = [];
  const returned: { ids: string[]; error: unknown; seconds: number }[] = [];
  const run: GroupRun = {
    budget: BUDGET,
    isTransient: (error) => error instanceof Error && error.message.includes('throttled'),
    nowMs: () => BUDGET.ageSeconds * 1000,
    async process(messages) {
      for (const { messageId } of messages) {
        tried.push(messageId);
        await undefined;
        if (fails(messageId)) throw new Error(`${messageId} failed`);
        settled.add(messageId);
      }
    },
    isSettled: ({ messageId }) => settled.has(messageId),
    async park({ messageId }, error) {
      if (isParkingBroken) throw new Error('down');
      settled.add(messageId);
      parked.push([messageId, error]);
    },
    async giveBack(messages, error, seconds) {
      returned.push({ ids: ids(messages), error, seconds });
      if (isHidingBroken) throw new Error('down');
    },
  };
  return { run, tried, settled, parked, returned };
}

interface Broken {
  readonly fails?: (messageId: string) => boolean;
  readonly isParkingBroken?: boolean;
  readonly isHidingBroken?: boolean;
}

describe('message groups', () => {
  test('a list is split into its groups, all in the order of the list', () => {
    expect(groupsOf(['b1', 'a1', 'b2', 'c1', 'a2'], ([group = '']) => group)).toEqual([
      ['b1', 'b2'],
      ['a1', 'a2'],
      ['c1'],
    ]);
  });

  test('the groups of a batch run side by side, each in order', async () => {
    const { run, tried, settled } = recorded();
    await runGroups(
      ['a/1', 'b/1', 'a/2', 'b/2'].map((id) => message(id)),
      run,
    );
    expect(tried).toEqual(['a/1', 'b/1', 'a/2', 'b/2']);
    expect(settled.size).toBe(4);
  });
});

describe('a message that fails', () => {
  test('a message that fails is returned with the messages behind it, and no other group', async () => {
    const { run, tried, settled, returned } = recorded({ fails: (id) => id === 'a/2' });
    await runGroups(
      ['a/1', 'a/2', 'b/1', 'a/3'].map((id) => message(id)),
      run,
    );
    expect(returned).toMatchObject([{ ids: ['a/2', 'a/3'], error: { message: 'a/2 failed' } }]);
    expect([...settled].sort()).toEqual(['a/1', 'b/1']);
    expect(tried).not.toContain('a/3');
  });

  test.each([
    [[1, 1], 1],
    [[2, 1], 2],
    [[1, 5], 16],
    [[50, 1], MAX_POSTPONE_SECONDS],
  ])('messages received %j times are returned under one visibility of %i seconds', async (receives, seconds) => {
    const { run, returned } = recorded({ fails: () => true, isParkingBroken: true });
    await runGroup(
      receives.map((receiveCount, index) => message(`a/${index}`, receiveCount)),
      run,
    );
    expect(returned).toMatchObject([{ ids: ['a/0', 'a/1'], seconds }]);
  });

  test('messages that their queue cannot hide are returned all the same', async () => {
    const { run, returned } = recorded({ fails: () => true, isHidingBroken: true });
    await runGroup([message('a/1')], run);
    expect(returned).toHaveLength(1);
  });
});

describe('a message that used up its budget', () => {
  test('a message that used up its budget is parked, and the messages behind it are processed', async () => {
    const { run, parked, settled, returned } = recorded({ fails: (id) => id === 'a/1' });
    await runGroup([message('a/1', 3), message('a/2', 3)], run);
    expect(parked).toMatchObject([['a/1', { message: 'a/1 failed' }]]);
    expect([...settled]).toEqual(['a/1', 'a/2']);
    expect(returned).toEqual([]);
  });

  test('only the first failing message of a group is parked, and the next one is returned', async () => {
    const { run, parked, returned } = recorded({ fails: () => true });
    await runGroup(
      ['a/1', 'a/2', 'a/3'].map((id) => message(id, 3)),
      run,
    );
    expect(parked.map(([id]) => id)).toEqual(['a/1']);
    expect(returned).toMatchObject([{ ids: ['a/2', 'a/3'], error: { message: 'a/2 failed' } }]);
  });

  test('a message that cannot be parked is returned with the messages behind it', async () => {
    const { run, tried, returned } = recorded({ fails: () => true, isParkingBroken: true });
    await runGroup([message('a/1', 3), message('a/2', 3)], run);
    expect(returned).toMatchObject([{ ids: ['a/1', 'a/2'], error: { message: 'a/1 failed' } }]);
    expect(tried).toEqual(['a/1']);
  });

  test.each([
    ['attempts', message('a/1', 2)],
    ['time', { ...message('a/1', 3), firstReceivedAtMs: 1 }],
  ])('a message that has %s left is not parked', async (_, one) => {
    const { run, parked, returned } = recorded({ fails: () => true });
    await runGroup([one], run);
    expect([parked.length, returned.length]).toEqual([0, 1]);
  });
});

test('a message that is throttled is never parked, whatever its attempts and its age', async () => {
  const { run, parked, returned } = recorded();
  const throttled = { ...run, process: () => Promise.reject(new Error('throttled')) };
  await runGroup([message('a/1', 900), message('a/2', 900)], throttled);
  expect(parked).toEqual([]);
  expect(returned).toMatchObject([{ ids: ['a/1', 'a/2'] }]);
});

test('messages that a run neither settles nor fails on are left to the caller', async () => {
  const { run, returned, parked } = recorded();
  await runGroup([message('a/1')], { ...run, process: async () => {} });
  expect([returned, parked]).toEqual([[], []]);
});
