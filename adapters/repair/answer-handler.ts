import { Logger } from '@aws-lambda-powertools/logger';
import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';
import type { Boundary } from '../../core/contract/contract.ts';
import type { PublishResult } from '../../core/relay/batch.ts';
import type { OutgoingMessage } from '../../core/relay/message.ts';
import { type AnswerSource, InvalidSource, type SourcePorts, sourcePorts } from '../../core/repair/answer-source.ts';
import { REPAIR_RATE, rateProblem } from '../../core/repair/rate.ts';
import { causeOf } from '../../core/retries.ts';
import { eachRecord } from '../project/queue.ts';
import { createAnswers, createPace } from './answers.ts';

/** How an owner with a database of its own answers its caches. */
export interface AnswerOptions<B extends Boundary = Boundary> {
  /** The boundary that owns the types, made by `defineBoundary`. */
  readonly boundary: B;
  /** The current versions in the owner's database. */
  readonly source: AnswerSource<B['owns']>;
  /**
   * Messages a second that one execution environment of the function publishes at most, an integer from 50 to 1,500. At
   * most two environments answer at a time. Default 500. The rate limits backfills, so that they leave the topic and
   * the database room for live changes.
   */
  readonly ratePerSecond?: number;
  /** Returns the current time, epoch milliseconds. Default: the system clock. */
  readonly now?: () => number;
}

/**
 * Handles a batch of an owner's resync queue, such as the event of a Lambda function. Only the requests that failed are
 * returned, to be delivered again.
 */
export type AnswerHandler = (event: {
  readonly Records: readonly (Pick<SQSRecord, 'messageId' | 'body'> & {
    readonly attributes?: Partial<Pick<SQSRecord['attributes'], 'SentTimestamp'>>;
  })[];
}) => Promise<SQSBatchResponse>;

/** At most so many entities of a page that can't be sent are logged. */
const MAX_LOGGED = 10;

/**
 * Creates the handler of a Lambda function that answers the requests of an owner's caches, for an owner whose database
 * isn't DynamoDB. So the caches heal their gaps, fill themselves, and compare themselves with the owner. Each answer is
 * published to the cache that asked for it, and to no other cache. Map the owner's resync queue to the function with
 * `ChangeTopic.answerWith`.
 *
 * An inventory of such an owner finds entities that the cache lacks, or holds in an older or changed form. It doesn't
 * find entities that only the cache has.
 *
 * The handler logs a line for each request that it leaves without an answer: `ignored`, with the reason, for anything
 * that isn't a valid request, for an entity that doesn't exist and for one that can't be sent. `unsendable` names
 * entities of a page that can't be sent, because their id, version or state isn't valid; the other entities of the page
 * are sent. `returned`, with the name of the error, is a request that failed and will be delivered again.
 *
 * @param options.send publishes one batch of messages; use `createPublisher`
 * @throws RangeError if `ratePerSecond` is outside its range
 */
export function createAnswerHandler<B extends Boundary>(
  options: AnswerOptions<B> & {
    readonly send: (messages: readonly OutgoingMessage[]) => Promise<readonly PublishResult[]>;
  },
): AnswerHandler {
  const { boundary, source, send, ratePerSecond = REPAIR_RATE.byDefault, now = Date.now } = options;
  const problem = rateProblem(ratePerSecond);
  if (problem !== undefined) throw new RangeError(`ratePerSecond: ${problem}`);
  const logger = new Logger({ serviceName: boundary.name });
  const answer = createAnswers(boundary, {
    ...loggingUnsendable(sourcePorts(boundary, source), logger),
    publish: send,
    pace: createPace(ratePerSecond),
    nowMs: now,
  });
  return (event) =>
    eachRecord(
      event,
      async (record) => {
        const why = await answer(record);
        if (why !== undefined) logger.warn('ignored', { messageId: record.messageId, why });
      },
      (messageId, error) => {
        const what = error instanceof InvalidSource && { why: error.message };
        logger.warn('returned', { messageId, cause: causeOf(error), ...what });
      },
    );
}

function loggingUnsendable(ports: SourcePorts, logger: Logger): SourcePorts {
  return {
    ...ports,
    async list(type, cursor, options) {
      const listed = await ports.list(type, cursor, options);
      const unsendable = listed.entities.flatMap((one) => ('why' in one ? [one] : []));
      if (unsendable.length > 0) {
        logger.warn('unsendable', { type, count: unsendable.length, first: unsendable.slice(0, MAX_LOGGED) });
      }
      return listed;
    },
  };
}
