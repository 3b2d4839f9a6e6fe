import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReceivedMessage } from '../../../local/fifo/message.ts';
import { codeOf, send, virtualAccount } from './virtual-account.ts';

/** The part of a queue that the test checks. Planted bugs implement it too. */
interface Subject {
  send(group: string, body: string): void;
  receive(max: number, visibilitySeconds: number): readonly ReceivedMessage[];
  /** Returns whether the delete was accepted. */
  delete(message: ReceivedMessage): boolean;
  release(message: ReceivedMessage): boolean;
  advance(ms: number): void;
}

function fifo(): Subject {
  const { fifoQueue, clock } = virtualAccount();
  const queue = fifoQueue('q.fifo', { DeduplicationScope: 'messageGroup' });
  return {
    send: (group, body) => send(queue, group, body),
    receive: (max, visibilitySeconds) => queue.receive(max, visibilitySeconds),
    delete: ({ receiptHandle }) => codeOf(() => queue.delete(receiptHandle)) === 'none',
    release: ({ receiptHandle }) => codeOf(() => queue.changeVisibility(receiptHandle, 0)) === 'none',
    advance(ms) {
      clock.ms += ms;
    },
  };
}

/** Planted bug: groups are not locked, because every message gets its own group in the queue. */
function withoutLock(): Subject {
  const subject = fifo();
  return {
    ...subject,
    send: (group, body) => subject.send(`${group}-${body}`, body),
    receive: (max, visibilitySeconds) =>
      subject.receive(max, visibilitySeconds).map((message) => ({ ...message, groupId: message.groupId?.slice(0, 1) })),
  };
}

/** Planted bug: a released message goes behind the rest of its group. */
function withRequeue(): Subject {
  const subject = fifo();
  const deleted = new Set<string>();
  return {
    ...subject,
    delete(message) {
      deleted.add(message.receiptHandle);
      return subject.delete(message);
    },
    release(message) {
      const isReleased = !deleted.has(message.receiptHandle) && subject.delete(message);
      deleted.add(message.receiptHandle);
      if (isReleased) subject.send(message.groupId ?? '', message.body);
      return isReleased;
    },
  };
}

/** Planted bug: a released message is lost. */
function withLoss(): Subject {
  const subject = fifo();
  return { ...subject, release: (message) => subject.delete(message) };
}

type Step =
  | { readonly do: 'send'; readonly group: string }
  | { readonly do: 'receive'; readonly max: number; readonly visibilitySeconds: number }
  | { readonly do: 'delete' | 'release'; readonly pick: number }
  | { readonly do: 'advance'; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('send' as const), group: fc.constantFrom('a', 'b', 'c') }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('receive' as const),
      max: fc.integer({ min: 1, max: 10 }),
      visibilitySeconds: fc.integer({ min: 0, max: 40 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('delete' as const, 'release' as const), pick: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 30_000 }) }) },
);

/** A simple model of FIFO: the bodies of each group that are not deleted, and how long each message is in flight. */
class Oracle {
  readonly groups = new Map<string, string[]>();
  readonly held: { message: ReceivedMessage; untilMs: number }[] = [];
  nowMs = 0;

  inFlight(group: string): boolean {
    return this.held.some(({ message, untilMs }) => message.groupId === group && untilMs > this.nowMs);
  }

  /** Checks a receive: it returned unlocked groups only, and the first messages of each. */
  received(messages: readonly ReceivedMessage[], visibilitySeconds: number): void {
    const byGroup = new Map<string, string[]>();
    for (const { groupId = '', body } of messages) byGroup.set(groupId, [...(byGroup.get(groupId) ?? []), body]);
    for (const [group, bodies] of byGroup) {
      expect(this.inFlight(group), `group ${group} is locked`).toBe(false);
      expect(bodies).toEqual(this.groups.get(group)?.slice(0, bodies.length));
    }
    for (const message of messages) this.held.push({ message, untilMs: this.nowMs + visibilitySeconds * 1000 });
  }

  /** Whether there is an unlocked group with messages. */
  get hasReceivable(): boolean {
    return [...this.groups].some(([group, bodies]) => bodies.length > 0 && !this.inFlight(group));
  }
}

function run(subject: Subject, steps: readonly Step[]): void {
  const oracle = new Oracle();
  let sent = 0;
  const receive = (max: number, visibilitySeconds: number): void => {
    const messages = subject.receive(max, visibilitySeconds);
    expect(messages.length > 0).toBe(oracle.hasReceivable);
    oracle.received(messages, visibilitySeconds);
  };
  const settle = (how: 'delete' | 'release', pick: number): void => {
    const held = oracle.held[pick % Math.max(1, oracle.held.length)];
    if (held === undefined) return;
    subject[how](held.message);
    if (held.untilMs <= oracle.nowMs) return;
    held.untilMs = oracle.nowMs;
    const bodies = oracle.groups.get(held.message.groupId ?? '');
    if (how === 'delete') bodies?.splice(bodies.indexOf(held.message.body), 1);
  };
  for (const next of steps) {
    if (next.do === 'send') {
      sent += 1;
      subject.send(next.group, `${sent}`);
      oracle.groups.set(next.group, [...(oracle.groups.get(next.group) ?? []), `${sent}`]);
    } else if (next.do === 'receive') receive(next.max, next.visibilitySeconds);
    else if (next.do === 'advance') {
      oracle.nowMs += next.ms;
      subject.advance(next.ms);
    } else settle(next.do, next.pick);
  }
  drain(subject, oracle);
}

/**
 * Checks that no message is lost: after all visibility timeouts, exactly the messages that were not deleted are
 * received, in order within each group.
 */
function drain(subject: Subject, oracle: Oracle): void {
  oracle.nowMs += 60_000;
  subject.advance(60_000);
  const left = new Map<string, string[]>();
  for (let messages = subject.receive(10, 30); messages.length > 0; messages = subject.receive(10, 30)) {
    for (const message of messages) {
      left.set(message.groupId ?? '', [...(left.get(message.groupId ?? '') ?? []), message.body]);
      subject.delete(message);
    }
  }
  for (const [group, bodies] of oracle.groups) expect(left.get(group) ?? []).toEqual(bodies);
}

function property(make: () => Subject) {
  return fc.property(fc.array(step, { maxLength: 120 }), (steps) => run(make(), steps));
}

describe('a FIFO queue under random sends, receives, deletes, releases and expiries', () => {
  it('a FIFO queue keeps each group in order, gives no group to two receives at a time, and loses no message', () => {
    fc.assert(property(fifo), { numRuns: 500 });
  });

  it.each([
    ['a missing group lock', withoutLock],
    ['a release that reorders', withRequeue],
    ['a release that loses', withLoss],
  ])('the check of a FIFO queue fails for %s (mutant)', (_, make) => {
    expect(fc.check(property(make), { numRuns: 500, endOnFailure: true }).failed).toBe(true);
  });
});
