import { ADDRESSEE_ATTRIBUTE, TYPE_ATTRIBUTE } from '../../adapters/relay/topic.ts';
import type { OutgoingMessage } from '../../core/relay/message.ts';
import { PAGE_TYPE } from '../../core/repair/pages.ts';
import { CACHES, type CacheName, TYPES } from './contracts.ts';
import type { World } from './world.ts';

/**
 * The message attribute that names the caches whose filters let the type of a message pass at this moment. A message
 * that all filters let pass has none.
 */
const PASSING_ATTRIBUTE = 'passing';

/** Probability that SNS loses a page. */
const LOST = 0.04;

/** The owner's topic and its subscriptions. */
export interface FanOut {
  subscribe(cache: CacheName): void;
  /**
   * Publishes an event or a page.
   *
   * @param to the one cache that must receive the message; undefined for all caches that keep the type
   */
  publish(message: OutgoingMessage, to: CacheName | undefined): Published;
}

/** The topic's answer, and the subscribed caches that receive the message. */
export interface Published {
  readonly isDuplicate: boolean;
  readonly receivers: readonly CacheName[];
}

export function createFanOut(world: World): FanOut {
  const { messaging, filters, faults, ledger, wrong } = world;
  const topic = messaging.createTopic('changes.fifo', { FifoTopic: 'true', ContentBasedDeduplication: 'false' });
  const subscribed = new Set<CacheName>();
  const string = (StringValue: string) => ({ DataType: 'String', StringValue });
  return {
    subscribe(cache) {
      // The filter of lib/subscribe-queue.ts. The types never change here: a filter that changes is part of `passing`.
      const policy = {
        [TYPE_ATTRIBUTE]: [...TYPES, PAGE_TYPE],
        [ADDRESSEE_ATTRIBUTE]: [{ exists: false }, cache],
        [PASSING_ATTRIBUTE]: [{ exists: false }, cache],
      };
      const FilterPolicy = JSON.stringify(wrong.filterPolicy?.(policy) ?? policy);
      const attributes = { RawMessageDelivery: 'true', FilterPolicy };
      messaging.subscribe(topic.arn, 'sqs', messaging.queues.require(`${cache}.fifo`).arn, attributes);
      subscribed.add(cache);
    },
    publish(message, to) {
      const isPage = message.type === PAGE_TYPE;
      const sent = isPage ? message : (wrong.message?.(message) ?? message);
      if (to !== undefined) faults.count('addressed');
      if (isPage && faults.happens('pageLost', LOST)) {
        faults.count('pageLost');
        ledger.trace?.(`lost ${message.body}`);
        return { isDuplicate: false, receivers: [] };
      }
      const passing = CACHES.filter((cache) => isPage || filters.passes(cache, message.type));
      const receivers = passing.filter((cache) => subscribed.has(cache) && (to === undefined || cache === to));
      const { body, groupId, deduplicationId } = sent;
      const messageAttributes = {
        [TYPE_ATTRIBUTE]: string(sent.type),
        ...(passing.length < CACHES.length && {
          [PASSING_ATTRIBUTE]: { DataType: 'String.Array', StringValue: JSON.stringify(passing) },
        }),
        ...(sent.to !== undefined && { [ADDRESSEE_ATTRIBUTE]: string(sent.to) }),
      };
      if (to !== undefined) ledger.addressed(to, body);
      const { isDuplicate } = topic.publish({ message: body, groupId, deduplicationId, messageAttributes });
      if (isDuplicate) return { isDuplicate, receivers: [] };
      if (!isPage) for (const cache of receivers) ledger.books[cache].expected.add(body);
      return { isDuplicate, receivers };
    },
  };
}
