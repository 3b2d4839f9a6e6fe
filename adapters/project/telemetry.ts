import { type Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { DynamoDBServiceException } from '@aws-sdk/client-dynamodb';
import { isThrottlingError } from '@smithy/core/retry';
import { isHeartbeatGroup } from '../../core/entity.ts';
import {
  DIFFERING_METRIC,
  type Emitter,
  HEALED_METRIC,
  HOTTEST_GROUP_PROPERTY,
  OUTCOME_METRICS,
  PROJECTOR_METRICS,
  RELAY_DELAY_METRIC,
  RELAY_METRICS,
} from '../../core/metrics.ts';
import { OUTCOMES, type Outcome } from '../../core/outcome.ts';
import { type LoggedOutcome, loggedOutcome, OUTCOMES_PROPERTY } from '../../core/project/logged-outcome.ts';
import type { ParkedEvent } from '../../core/project/ports.ts';
import type { ProjectReport, Settled } from '../../core/project/report.ts';
import type { RelayReport } from '../../core/relay/batch.ts';
import type { GapNotice, Healed } from '../../core/repair/heal.ts';
import { differing, type InventoryNote } from '../../core/repair/inventory.ts';
import type { Looked } from '../../core/repair/look.ts';
import type { SchemaCheck } from '../../core/repair/newer-schema.ts';
import type { OperationResult } from '../../core/repair/operate.ts';
import type { OwnerOperated } from '../../core/repair/owner-operation.ts';
import type { ParkedKey } from '../../core/repair/parked-key.ts';
import type { Redriven } from '../../core/repair/redrive.ts';
import { HEALABLE } from '../../core/repair/suspects.ts';
import { causeOf } from '../../core/retries.ts';
import { loggerOf } from '../aws/logger.ts';
import { createMetrics } from '../aws/metrics.ts';

/** Outcomes that may need an operator. */
const LOGGED_OUTCOMES: readonly Outcome[] = ['gap', 'discarded', 'parked', 'held'];

/**
 * After this many receives, a message no longer counts for the queue's age of the oldest message
 * (sqs/sqs-available-cloudwatch-metrics, 2026-11-25).
 */
const RECEIVES_WITH_AGE = 3;

/**
 * Emits a projector's metrics as EMF in one line, which also has the outcome of each event. Logs a further line with
 * ids and reason for each message that may need an operator.
 */
export function projectorTelemetry(
  cache: Emitter,
): (report: ProjectReport, receivedAtMs: number, doneAtMs: number) => void {
  const metrics = createMetrics(cache);
  const logger = loggerOf(cache.name);
  const count = (metric: string, value: number) => {
    if (value > 0) metrics.addMetric(metric, MetricUnit.Count, value);
  };
  return ({ settled, returned }, receivedAtMs, doneAtMs) => {
    const events = settled.filter((one) => !isQuietHeartbeat(one));
    for (const outcome of OUTCOMES) {
      count(OUTCOME_METRICS[outcome], events.filter((one) => one.outcome === outcome).length);
    }
    count(PROJECTOR_METRICS.settled, settled.length);
    for (const { message, leadTimeMs } of events) {
      if (leadTimeMs !== undefined) metrics.addMetric(PROJECTOR_METRICS.leadTime, MetricUnit.Milliseconds, leadTimeMs);
      const queueTimeMs = Math.max(0, receivedAtMs - message.sentAtMs);
      metrics.addMetric(PROJECTOR_METRICS.queueTime, MetricUnit.Milliseconds, queueTimeMs);
    }
    metrics.addMetric(PROJECTOR_METRICS.processingTime, MetricUnit.Milliseconds, doneAtMs - receivedAtMs);
    count(PROJECTOR_METRICS.returned, returned.length);
    const often = returned.filter(({ message }) => message.receiveCount >= RECEIVES_WITH_AGE);
    count(PROJECTOR_METRICS.returnedOften, often.length);
    count(PROJECTOR_METRICS.throttled, returned.filter(({ error }) => isThrottled(error)).length);
    count(PROJECTOR_METRICS.conflicts, settled.filter(({ reason }) => reason === 'conflict').length);
    const hottest = hottestGroup([...settled, ...returned].map(({ message }) => message.groupId));
    if (hottest !== undefined) {
      metrics.addMetadata(HOTTEST_GROUP_PROPERTY, hottest.groupId);
      count(PROJECTOR_METRICS.hottestGroup, hottest.messages);
    }
    addOutcomes(
      metrics,
      events.map((one) => loggedOutcome(one.message.groupId, one)),
    );
    metrics.publishStoredMetrics();
    for (const { message, outcome, entity, version, reason, traceparent } of settled) {
      const { messageId } = message;
      if (LOGGED_OUTCOMES.includes(outcome))
        logger().warn(outcome, { messageId, entity, version, reason, traceparent });
    }
    for (const { message, error } of returned) {
      const { messageId, receiveCount } = message;
      logger().warn('returned', { messageId, receiveCount, cause: causeOf(error) });
    }
  };
}

/** Adds the outcomes of events to the next line of metrics. A batch without events adds no bytes to the log. */
function addOutcomes(metrics: Metrics, outcomes: readonly LoggedOutcome[]): void {
  // Powertools declares the value as text, and writes any value as JSON.
  if (outcomes.length > 0) metrics.addMetadata(OUTCOMES_PROPERTY, outcomes as unknown as string);
}

function isThrottled(error: unknown): boolean {
  // The SDK's parameter type doesn't allow for exactOptionalPropertyTypes.
  return error instanceof DynamoDBServiceException && isThrottlingError(error as Error & { cause?: Error });
}

/** Whether an event is a heartbeat that nobody has to act on. It is settled, but counts in no outcome and no time. */
function isQuietHeartbeat({ message, outcome }: Settled): boolean {
  return isHeartbeatGroup(message.groupId) && !LOGGED_OUTCOMES.includes(outcome);
}

/** The group with the most messages of a batch; undefined for a batch of heartbeats only. */
function hottestGroup(groupIds: readonly string[]): { groupId: string; messages: number } | undefined {
  const counts = new Map<string, number>();
  for (const groupId of groupIds) {
    if (!isHeartbeatGroup(groupId)) counts.set(groupId, (counts.get(groupId) ?? 0) + 1);
  }
  const [first, ...others] = counts;
  if (first === undefined) return undefined;
  const [groupId, messages] = others.reduce((most, one) => (one[1] > most[1] ? one : most), first);
  return { groupId, messages };
}

/**
 * Emits a relay's metrics as EMF. Diverted and failed records are logged as counts only; the records are in the failure
 * queue.
 */
export function relayTelemetry(owner: Emitter): (report: RelayReport, nowMs: number) => void {
  const metrics = createMetrics(owner);
  const logger = loggerOf(owner.name);
  return ({ published, heartbeats, conflated, expired, beforeEpoch, diverted, failed, oldestChangedAt }, nowMs) => {
    const counts = { published, conflated, expired, beforeEpoch, diverted, failed: failed.length };
    for (const [key, count] of Object.entries(counts) as [keyof typeof counts, number][]) {
      // Zero versions beside a heartbeat are told, because the governor takes the newest value as the current rate.
      const isTold = count > 0 || (key === 'published' && heartbeats > 0);
      if (isTold) metrics.addMetric(RELAY_METRICS[key], MetricUnit.Count, count);
    }
    if (oldestChangedAt !== undefined) {
      const delayMs = Math.max(0, nowMs - Date.parse(oldestChangedAt));
      metrics.addMetric(RELAY_DELAY_METRIC, MetricUnit.Milliseconds, delayMs);
    }
    metrics.publishStoredMetrics();
    if (diverted > 0 || failed.length > 0) logger().warn('not published', { ...counts, first: failed[0] });
  };
}

/** Most lost entities that a line of the log names. */
const MAX_LOGGED = 10;

/**
 * Counts the dead letters that a repair function parks and the entities that an inventory healed, and logs the results
 * of operators' requests, of inventories and of gaps that don't heal.
 */
export function repairTelemetry(boundary: Emitter) {
  const metrics = createMetrics(boundary);
  const logger = loggerOf(boundary.name);
  return {
    parked({ message, entity, version, reason }: ParkedEvent): void {
      metrics.addMetric(OUTCOME_METRICS.parked, MetricUnit.Count, 1);
      addOutcomes(metrics, [loggedOutcome(message.groupId, { outcome: 'parked', reason, entity, version })]);
      metrics.publishStoredMetrics();
      logger().warn('parked', { messageId: message.messageId, entity, version, reason });
    },
    healed(notice: GapNotice, result: Healed): void {
      if (result === 'given up') logger().warn('gap given up', { ...notice });
      else if (typeof result === 'object')
        logger().warn('owner not asked', { ...notice, cause: causeOf(result.unreachable) });
    },
    /** For a message that failed and will be delivered again. */
    returned(messageId: string, error: unknown): void {
      logger().warn('returned', { messageId, cause: causeOf(error) });
    },
    /** Counts what an inventory healed, and logs what it healed and what it found for the first time. */
    looked({ type, healed, asked }: Looked): void {
      const count = HEALABLE.reduce((sum, cause) => sum + healed[cause], 0);
      if (count > 0) {
        metrics.addMetric(HEALED_METRIC, MetricUnit.Count, count);
        metrics.publishStoredMetrics();
        logger().warn('healed', { type, ...healed });
      }
      const lost = asked.filter((one) => one.asked === 0);
      if (lost.length > 0) {
        const first = lost.slice(0, MAX_LOGGED).map(({ id, version, cause }) => ({ id, version, cause }));
        logger().warn('lost', { type, count: lost.length, first });
      }
    },
    /** Logs the result of an inventory, and counts what only a person can judge. */
    inventoried(type: string, note: InventoryNote): void {
      const { startedAt, compared, found, healed, unhealed, undecided, inFlight, setAside, examples } = note;
      const count = differing(note);
      const first = examples.slice(0, MAX_LOGGED);
      const result = { type, startedAt, compared, found, healed, unhealed, undecided, inFlight, setAside, first };
      if (count === 0) {
        logger().info('inventory', result);
        return;
      }
      metrics.addMetric(DIFFERING_METRIC, MetricUnit.Count, count);
      metrics.publishStoredMetrics();
      logger().warn('differs', result);
    },
    checked({ groupId }: ParkedKey, result: SchemaCheck): void {
      if (result === 'redriven') logger().info('redriven', { groupId, why: 'its schema version is known now' });
    },
    operated(operation: string, result: OperationResult | OwnerOperated): void {
      const outcomes = endedOf('redriven' in result ? result.redriven : []);
      logger().info('operated', {
        operation,
        ...result,
        ...(outcomes.length > 0 && { [OUTCOMES_PROPERTY]: outcomes }),
      });
    },
    /** For a message that can't be read, and for an entity that doesn't exist. */
    ignored(messageId: string, why: string): void {
      logger().warn('ignored', { messageId, why });
    },
  };
}

/** The most outcomes of one operation that are logged, the newest: a release may replay any number of events. */
const MAX_OUTCOMES = 100;

/** The events that ended. A failed one stays parked. */
function endedOf(redriven: readonly Redriven[]): LoggedOutcome[] {
  return redriven
    .flatMap(({ key, outcome, reason }) =>
      outcome === 'failed' ? [] : [loggedOutcome(key.groupId, { outcome, reason })],
    )
    .slice(-MAX_OUTCOMES);
}
