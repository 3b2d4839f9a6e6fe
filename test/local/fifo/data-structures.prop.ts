// `assert` in loops of properties: it takes a small part of the time of `expect`.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { it } from 'vitest';
import { createArrivals } from '../../../local/fifo/arrivals.ts';
import { createDeque, firstOf, lengthOf, popFront, push, pushFront } from '../../../local/fifo/deque.ts';
import { type StoredMessage, toStored } from '../../../local/fifo/stored-message.ts';
import { createTimers } from '../../../local/fifo/timers.ts';

it('a deque behaves like an array', () => {
  const operation = fc.constantFrom('push', 'push', 'push', 'popFront', 'popFront', 'pushFront');
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 2000, size: 'max' }), (operations) => {
      const deque = createDeque<number>();
      const array: number[] = [];
      operations.forEach((name, at) => {
        if (name === 'push') {
          array.push(at);
          push(deque, at);
        } else if (name === 'pushFront') {
          array.unshift(at);
          pushFront(deque, at);
        } else assert.equal(popFront(deque), array.shift());
        assert.equal(lengthOf(deque), array.length);
        assert.equal(firstOf(deque), array[0]);
      });
    }),
  );
});

it('timers are taken by due time, then by order of addition, and moved timers are skipped', () => {
  const timer = fc.record({ id: fc.nat(200), atMs: fc.nat(50) });
  fc.assert(
    fc.property(fc.array(timer, { maxLength: 1000, size: 'max' }), (added) => {
      const current = new Map<number, number>();
      const timers = createTimers<number>((id, atMs) => current.get(id) === atMs);
      added.forEach(({ id, atMs }) => {
        current.set(id, atMs);
        timers.add(atMs, id, current.size);
      });
      const times = [...current.values()].sort((a, b) => a - b);
      assert.equal(timers.nextAtMs(), times[0]);
      const taken: number[] = [];
      for (let id = timers.takeDue(50); id !== undefined; id = timers.takeDue(50)) {
        taken.push(current.get(id) ?? -1);
        current.delete(id);
      }
      assert.deepEqual(taken, times);
    }),
  );
});

it('the oldest arrival is the first message that is still in the queue, in whatever order the others left', () => {
  const group = {
    key: '',
    waiting: createDeque<StoredMessage>(),
    received: [],
    inFlight: 0,
    delayed: 0,
    lastDueAtMs: 0,
  };
  const identity = {
    messageId: '',
    sequenceNumber: undefined,
    deduplicationId: undefined,
    deadLetterSourceArn: undefined,
  };
  // Mostly the newest messages go, so that an old message stays in front of many that are gone.
  const operation = fc.oneof(fc.constant('add' as const), fc.nat(3));
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 1000, size: 'max' }), (operations) => {
      const arrivals = createArrivals();
      const here: StoredMessage[] = [];
      operations.forEach((each, at) => {
        if (each === 'add') {
          const message = toStored({ body: '' }, identity, { ...group, isReady: false }, 0, at);
          here.push(message);
          arrivals.add(message, here.length);
        } else {
          const [gone] = here.splice(-1 - each, 1);
          if (gone) gone.state = 'gone';
        }
        if (at % 50 === 0) assert.equal(arrivals.oldestAtMs(), here[0]?.arrivedAtMs);
      });
      assert.equal(arrivals.oldestAtMs(), here[0]?.arrivedAtMs);
    }),
  );
});
