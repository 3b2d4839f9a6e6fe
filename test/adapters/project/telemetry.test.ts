import { DynamoDBServiceException } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import * as z from 'zod/mini';
import { factTelemetry } from '../../../adapters/facts/telemetry.ts';
import { reportTelemetry } from '../../../adapters/govern/telemetry.ts';
import { projectorTelemetry, relayTelemetry, repairTelemetry } from '../../../adapters/project/telemetry.ts';
import { logFailedEffect, sagaTelemetry } from '../../../adapters/saga/telemetry.ts';
import { HEARTBEAT_ID, MAX_ID_BYTES, MAX_VERSION, messageGroupId } from '../../../core/entity.ts';
import {
  ASKED_AGAIN_METRIC,
  DIFFERING_METRIC,
  EMITTER_DIMENSION,
  HEALED_METRIC,
  HOTTEST_GROUP_PROPERTY,
  METRIC_NAMESPACE,
  OUTCOME_METRICS,
  PROJECTOR_METRICS,
  RELAY_DELAY_METRIC,
  RELAY_METRICS,
  REPORT_METRICS,
  SAGA_METRICS,
  STACK_DIMENSION,
} from '../../../core/metrics.ts';
import { OUTCOMES } from '../../../core/outcome.ts';
import { OUTCOMES_PROPERTY } from '../../../core/project/logged-outcome.ts';
import type { ParkedEvent, ReceivedMessage } from '../../../core/project/ports.ts';
import type { Settled } from '../../../core/project/report.ts';
import type { Redriven } from '../../../core/repair/redrive.ts';
import { SAGA_OUTCOMES } from '../../../core/saga/step.ts';

const NOW = Date.parse('2026-11-25T12:00:00Z');

const metricLine = z.looseObject({
  _aws: z.object({
    CloudWatchMetrics: z.array(
      z.object({
        Namespace: z.string(),
        Dimensions: z.array(z.array(z.string())),
        Metrics: z.array(z.object({ Name: z.string() })),
      }),
    ),
  }),
});

let lines: string[];

beforeEach(() => {
  lines = [];
  // Powertools doesn't write to the global console, because Lambda adds a prefix to its lines.
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
  }
});
afterEach(() => {
  vi.restoreAllMocks();
});

const inLab = (name: string) => ({ name, stack: 'Lab' });

/** The only line in the embedded metric format, and its metrics by name. Checks namespace and dimension. */
function emitted(boundary: string) {
  const found = lines
    .filter((line) => line.includes('CloudWatchMetrics'))
    .map((line) => metricLine.parse(JSON.parse(line)));
  expect(found).toHaveLength(1);
  const line = found[0] ?? { _aws: { CloudWatchMetrics: [] } };
  expect(line._aws.CloudWatchMetrics).toMatchObject([
    { Namespace: METRIC_NAMESPACE, Dimensions: [[EMITTER_DIMENSION, STACK_DIMENSION]] },
  ]);
  const all: Readonly<Record<string, unknown>> = line;
  expect([all[EMITTER_DIMENSION], all[STACK_DIMENSION]]).toEqual([boundary, 'Lab']);
  const names = line._aws.CloudWatchMetrics.flatMap(({ Metrics }) => Metrics.map(({ Name }) => Name));
  return { line: all, metrics: Object.fromEntries(names.map((name) => [name, all[name]])) };
}

const message = (n: number, groupId = 'Thing/a'): ReceivedMessage => ({
  messageId: `m${n}`,
  groupId,
  body: '',
  receiveCount: 1,
  sequenceNumber: String(n),
  sentAtMs: NOW - 3_000,
  firstReceivedAtMs: NOW - 1_000,
});

const settled = (n: number, given: Partial<Settled>): Settled => ({
  message: message(n),
  outcome: 'applied',
  entity: undefined,
  version: 1,
  leadTimeMs: undefined,
  reason: undefined,
  ...given,
});

const throttled = new DynamoDBServiceException({
  name: 'ProvisionedThroughputExceededException',
  $fault: 'client',
  message: '',
  $metadata: {},
});

describe("a projector's metrics", () => {
  test('each outcome and failure of a batch is counted once, with the times of each event and of the batch', () => {
    projectorTelemetry(inLab('shelf'))(
      {
        settled: [
          ...OUTCOMES.map((outcome, n) => settled(n, { outcome })),
          settled(20, { leadTimeMs: 4_000 }),
          settled(21, { outcome: 'parked', reason: 'conflict' }),
        ],
        returned: [
          { message: message(30, 'Thing/b'), error: throttled },
          { message: { ...message(31, 'Thing/b'), receiveCount: 3 }, error: new Error('cut off') },
        ],
      },
      NOW,
      NOW + 250,
    );
    const { metrics, line } = emitted('shelf');
    const count = OUTCOMES.length + 2;
    const { applied, parked, ...others } = OUTCOME_METRICS;
    expect(metrics).toEqual({
      ...Object.fromEntries(Object.values(others).map((name) => [name, 1])),
      [applied]: 2,
      [parked]: 2,
      [PROJECTOR_METRICS.settled]: count,
      [PROJECTOR_METRICS.leadTime]: 4_000,
      [PROJECTOR_METRICS.queueTime]: Array.from({ length: count }, () => 3_000),
      [PROJECTOR_METRICS.processingTime]: 250,
      [PROJECTOR_METRICS.returned]: 2,
      [PROJECTOR_METRICS.returnedOften]: 1,
      [PROJECTOR_METRICS.throttled]: 1,
      [PROJECTOR_METRICS.conflicts]: 1,
      [PROJECTOR_METRICS.hottestGroup]: count,
    });
    expect(line[HOTTEST_GROUP_PROPERTY]).toBe('Thing/a');
  });

  test('heartbeats are only settled: they are in no outcome, no time of an event and no hottest group', () => {
    const entity = { type: 'Thing', id: HEARTBEAT_ID };
    const beat = (n: number) => ({ message: message(n, messageGroupId(entity)), entity, leadTimeMs: 9_000 });
    const report = projectorTelemetry(inLab('shelf'));
    report(
      { settled: [settled(1, { leadTimeMs: 4_000 }), ...[2, 3, 4].map((n) => settled(n, beat(n)))], returned: [] },
      NOW,
      NOW + 250,
    );
    const { metrics, line } = emitted('shelf');
    expect(metrics).toEqual({
      [OUTCOME_METRICS.applied]: 1,
      [PROJECTOR_METRICS.settled]: 4,
      [PROJECTOR_METRICS.leadTime]: 4_000,
      [PROJECTOR_METRICS.queueTime]: 3_000,
      [PROJECTOR_METRICS.processingTime]: 250,
      [PROJECTOR_METRICS.hottestGroup]: 1,
    });
    expect(line[HOTTEST_GROUP_PROPERTY]).toBe('Thing/a');

    lines = [];
    report({ settled: [settled(5, beat(5))], returned: [] }, NOW, NOW + 250);
    const alone = emitted('shelf');
    expect(alone.metrics).toEqual({ [PROJECTOR_METRICS.settled]: 1, [PROJECTOR_METRICS.processingTime]: 250 });
    expect(alone.line).not.toHaveProperty(HOTTEST_GROUP_PROPERTY);
  });

  test('a heartbeat that is parked counts as parked, because somebody must act', () => {
    const entity = { type: 'Thing', id: HEARTBEAT_ID };
    projectorTelemetry(inLab('shelf'))(
      {
        settled: [
          settled(1, { message: message(1, messageGroupId(entity)), entity, outcome: 'parked', reason: 'invalid' }),
        ],
        returned: [],
      },
      NOW,
      NOW,
    );
    expect(emitted('shelf').metrics).toMatchObject({ [OUTCOME_METRICS.parked]: 1, [PROJECTOR_METRICS.settled]: 1 });
  });

  test('each parked or held event is logged with the trace in which its owner committed it', () => {
    const traceparent = '00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01';
    projectorTelemetry(inLab('shelf'))(
      { settled: [settled(1, { outcome: 'parked', reason: 'conflict', traceparent }), settled(2, {})], returned: [] },
      ...([NOW, NOW] as const),
    );
    const told = lines.filter((line) => line.includes('"message":"parked"')).map((line) => JSON.parse(line));
    expect(told).toMatchObject([{ messageId: 'm1', version: 1, reason: 'conflict', traceparent }]);
  });

  test('the line of metrics has the outcome of each event, with its lead time and its trace, and no heartbeats', () => {
    const entity = { type: 'Thing', id: 'a "b"\u001b' };
    const beat = { type: 'Thing', id: HEARTBEAT_ID };
    const traceparent = '00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01';
    const unread = { entity: undefined, version: undefined, outcome: 'parked', reason: 'malformed' } as const;
    const report = projectorTelemetry(inLab('shelf'));
    report(
      {
        settled: [
          settled(1, { entity, version: 7, leadTimeMs: 4_000, traceparent }),
          settled(2, unread),
          settled(3, { ...unread, message: message(3, 'Thing#digest') }),
          settled(4, { entity: beat, message: message(4, messageGroupId(beat)) }),
        ],
        returned: [{ message: message(5, 'Thing/b'), error: throttled }],
      },
      NOW,
      NOW,
    );
    expect(emitted('shelf').line[OUTCOMES_PROPERTY]).toEqual([
      { outcome: 'applied', ...entity, version: 7, leadTimeMs: 4_000, traceId: '5759e988bd862e3fe1be46a994272793' },
      { outcome: 'parked', type: 'Thing', id: 'a', reason: 'malformed' },
      { outcome: 'parked', group: 'Thing#digest', reason: 'malformed' },
    ]);
    lines = [];
    report(
      { settled: [settled(6, { entity: beat, message: message(6, messageGroupId(beat)) })], returned: [] },
      NOW,
      NOW,
    );
    expect(emitted('shelf').line).not.toHaveProperty(OUTCOMES_PROPERTY);
  });

  test('the outcomes of the largest batch are far below the limit of a log event', () => {
    const entity = { type: 'T'.repeat(40), id: '\u0001'.repeat(MAX_ID_BYTES) };
    const traceparent = '00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01';
    projectorTelemetry(inLab('shelf'))(
      {
        settled: Array.from({ length: 10 }, (_, n) =>
          settled(n, {
            entity,
            version: MAX_VERSION,
            leadTimeMs: 1e9,
            traceparent,
            message: message(n, messageGroupId(entity)),
          }),
        ),
        returned: [],
      },
      NOW,
      NOW,
    );
    expect(lines).toHaveLength(1);
    expect(Buffer.byteLength(lines[0] ?? '')).toBeLessThan(100_000);
  });

  test('the metrics of one batch are not repeated in the next', () => {
    const report = projectorTelemetry(inLab('shelf'));
    report({ settled: [settled(1, { outcome: 'outdated' })], returned: [] }, NOW, NOW);
    lines = [];
    report({ settled: [settled(2, {})], returned: [] }, NOW, NOW);
    expect(emitted('shelf').metrics).toMatchObject({ [OUTCOME_METRICS.applied]: 1 });
    expect(emitted('shelf').metrics).not.toHaveProperty(OUTCOME_METRICS.outdated);
  });
});

describe("a repair function's outcomes", () => {
  const parked: ParkedEvent = {
    status: 'parked',
    message: message(1, 'Thing#digest'),
    parkedAtMs: NOW,
    reason: 'crashed',
    explanation: '',
    entity: undefined,
    version: undefined,
  };

  test('a parked dead letter is in the line of its metric', () => {
    repairTelemetry(inLab('shelf')).parked(parked);
    const { metrics, line } = emitted('shelf');
    expect(metrics).toEqual({ [OUTCOME_METRICS.parked]: 1 });
    expect(line[OUTCOMES_PROPERTY]).toEqual([{ outcome: 'parked', group: 'Thing#digest', reason: 'crashed' }]);
  });

  test('events that an operator redrove are in the line of the operation, without those that failed', () => {
    const key = { groupId: 'Thing/a', sequenceNumber: '1' };
    const redriven: Redriven[] = [
      { key, outcome: 'applied', reason: undefined },
      { key, outcome: 'failed', reason: undefined, error: 'TypeError' },
      { key, outcome: 'parked', reason: 'invalid' },
    ];
    repairTelemetry(inLab('shelf')).operated('redrive', { redriven });
    repairTelemetry(inLab('shelf')).operated('backfill', { run: 'x', isNew: true });
    const [redrive, backfill] = lines.map((line) => JSON.parse(line));
    expect(redrive[OUTCOMES_PROPERTY]).toEqual([
      { outcome: 'applied', type: 'Thing', id: 'a' },
      { outcome: 'parked', type: 'Thing', id: 'a', reason: 'invalid' },
    ]);
    expect(redrive.redriven).toHaveLength(3);
    expect(backfill).not.toHaveProperty(OUTCOMES_PROPERTY);
  });

  test('a long release logs its newest 100 outcomes', () => {
    const redriven = Array.from({ length: 150 }, (_, n): Redriven => {
      const key = { groupId: `Thing/${n}`, sequenceNumber: '1' };
      return { key, outcome: 'applied', reason: undefined };
    });
    repairTelemetry(inLab('shelf')).operated('release', { status: 'released', redriven });
    const outcomes = JSON.parse(lines[0] ?? '')[OUTCOMES_PROPERTY];
    expect(outcomes).toHaveLength(100);
    expect(outcomes.at(-1)).toMatchObject({ id: '149' });
  });
});

describe("a repair function's telemetry of inventories", () => {
  const NONE = { missing: 0, behind: 0, different: 0 };
  const suspect = (n: number, asked: number) =>
    ({ id: `e${n}`, version: n, digest: `d${n}`, cause: 'missing', asked }) as const;
  const logged = (message: string) =>
    lines.map((line): Record<string, unknown> => JSON.parse(line)).filter((line) => line.message === message);

  test('the entities that were healed are counted by one metric, and logged by cause', () => {
    const healed = { missing: 3, behind: 1, different: 1 };
    repairTelemetry(inLab('shelf')).looked({ type: 'Thing', healed, asked: [] });
    expect(emitted('shelf').metrics).toEqual({ [HEALED_METRIC]: 5 });
    expect(logged('healed')).toMatchObject([{ level: 'WARN', type: 'Thing', ...healed }]);
    expect(logged('lost')).toEqual([]);
  });

  test('entities that were lost are logged once: the number and the first ten, without a metric', () => {
    const lost = Array.from({ length: 12 }, (_, n) => suspect(n, 0));
    repairTelemetry(inLab('shelf')).looked({ type: 'Thing', healed: NONE, asked: [suspect(20, 1), ...lost] });
    expect(lines).toHaveLength(1);
    const [{ first, ...line } = {}] = logged('lost');
    expect(line).toMatchObject({ level: 'WARN', type: 'Thing', count: 12 });
    expect(first).toEqual(lost.slice(0, 10).map(({ id, version, cause }) => ({ id, version, cause })));
  });

  const inventoried = (count: number) => {
    const found = { ...NONE, missing: 7, ahead: count, conflicting: count, unknown: count };
    const examples = Array.from({ length: 12 }, (_, n) => ({ id: `e${n}`, difference: 'missing', version: n }));
    repairTelemetry(inLab('shelf')).inventoried('Thing', {
      ...{ seq: 3, run: 'r', startedAt: '2026-11-30T10:00:00.000Z', heals: true, index: 1, askedAtMs: 0, isRead: true },
      ...{
        askedAgain: 0,
        undecided: 0,
        open: {},
        compared: 20,
        inFlight: 1,
        setAside: 2,
        found,
        healed: NONE,
        unhealed: count,
        examples,
      },
    });
    return { type: 'Thing', compared: 20, found, unhealed: count, setAside: 2, first: examples.slice(0, 10) };
  };

  test('an inventory is logged when it ends, without a metric if nothing is left to a person', () => {
    const result = inventoried(0);
    expect(logged('inventory')).toMatchObject([{ level: 'INFO', ...result }]);
    expect(lines).toHaveLength(1);
  });

  test('what an inventory leaves to a person is counted by one metric, and logged as a warning', () => {
    const result = inventoried(2);
    expect(emitted('shelf').metrics).toEqual({ [DIFFERING_METRIC]: 8 });
    expect(logged('differs')).toMatchObject([{ level: 'WARN', ...result }]);
  });

  test.each([
    ['nothing was found', []],
    ['the owner is asked again', [suspect(1, 1), suspect(2, 4)]],
  ])('nothing is emitted or logged if %s', (_, asked) => {
    repairTelemetry(inLab('shelf')).looked({ type: 'Thing', healed: NONE, asked });
    expect(lines).toEqual([]);
  });
});

describe("a relay's metrics", () => {
  const NOTHING = {
    published: 0,
    heartbeats: 0,
    conflated: 0,
    expired: 0,
    beforeEpoch: 0,
    diverted: 0,
    failed: [],
    oldestChangedAt: undefined,
  };

  test('the outcomes of stream records are counted, with the delay of the oldest', () => {
    const counts = {
      ...NOTHING,
      published: 1,
      conflated: 2,
      expired: 3,
      beforeEpoch: 4,
      diverted: 5,
      failed: ['7', '8'],
    };
    relayTelemetry(inLab('lab'))({ ...counts, oldestChangedAt: new Date(NOW - 1_500).toISOString() }, NOW);
    expect(emitted('lab').metrics).toEqual({
      [RELAY_METRICS.published]: 1,
      [RELAY_METRICS.conflated]: 2,
      [RELAY_METRICS.expired]: 3,
      [RELAY_METRICS.beforeEpoch]: 4,
      [RELAY_METRICS.diverted]: 5,
      [RELAY_METRICS.failed]: 2,
      [RELAY_DELAY_METRIC]: 1_500,
    });
  });

  test('heartbeats are no published versions, and a relay that publishes only heartbeats has published none', () => {
    const report = relayTelemetry(inLab('lab'));
    report({ ...NOTHING, published: 2, heartbeats: 3 }, NOW);
    expect(emitted('lab').metrics).toEqual({ [RELAY_METRICS.published]: 2 });
    lines = [];
    report({ ...NOTHING, heartbeats: 3 }, NOW);
    expect(emitted('lab').metrics).toEqual({ [RELAY_METRICS.published]: 0 });
  });

  test('the delay is absent without a committed version, and never negative', () => {
    relayTelemetry(inLab('lab'))({ ...NOTHING, published: 1 }, NOW);
    expect(emitted('lab').metrics).toEqual({ [RELAY_METRICS.published]: 1 });
    lines = [];
    relayTelemetry(inLab('lab'))(
      { ...NOTHING, published: 1, oldestChangedAt: new Date(NOW + 5_000).toISOString() },
      NOW,
    );
    expect(emitted('lab').metrics).toMatchObject({ [RELAY_DELAY_METRIC]: 0 });
  });
});

describe("a report's metrics", () => {
  const report = {
    cache: 'shelf',
    atMs: NOW,
    backlog: 10,
    productionRate: 3,
    consumptionRate: 4,
    oldestAgeSeconds: 2,
    drainSeconds: 10,
  };

  test('a report emits every known value, and the stalest type as a property', () => {
    reportTelemetry(inLab('shelf')).reported(report, { stalenessSeconds: 9, stalestType: 'Thing', parked: 1 });
    const { metrics, line } = emitted('shelf');
    expect(Object.keys(metrics).sort()).toEqual(Object.values(REPORT_METRICS).sort());
    expect(metrics).toMatchObject({
      [REPORT_METRICS.utilisation]: 75,
      [REPORT_METRICS.drainTime]: 10,
      [REPORT_METRICS.staleness]: 9,
    });
    expect(line.stalestType).toBe('Thing');
  });

  test('requests for a page that does not come are counted, and none are told', () => {
    const telemetry = reportTelemetry(inLab('shelf'));
    telemetry.tended(0);
    expect(lines).toEqual([]);
    telemetry.tended(7);
    expect(emitted('shelf').metrics).toEqual({ [ASKED_AGAIN_METRIC]: 7 });
  });

  test('a report leaves out values that are infinite or unknown', () => {
    const idle = { ...report, consumptionRate: 0, drainSeconds: null };
    reportTelemetry(inLab('shelf')).reported(idle, { stalenessSeconds: undefined, stalestType: undefined, parked: 0 });
    const { utilisation, drainTime, staleness, ...others } = REPORT_METRICS;
    expect(Object.keys(emitted('shelf').metrics).sort()).toEqual(Object.values(others).sort());
  });
});

describe('the telemetry of a saga', () => {
  test.each(SAGA_OUTCOMES)('a fact that ended as %s is counted', (outcome) => {
    sagaTelemetry(inLab('shipping'))({ key: 'o1', outcome, effects: [] });
    expect(emitted('shipping').metrics).toEqual({ [SAGA_METRICS[outcome]]: 1 });
  });

  test('a saga instance that waits too long is logged by its key', () => {
    sagaTelemetry(inLab('shipping'))({ key: 'o1', outcome: 'overdue', effects: ['Overdue'] });
    const logged = lines.filter((line) => line.includes('"level":"WARN"'));
    expect(logged.map((line) => JSON.parse(line))).toMatchObject([{ message: 'overdue', key: 'o1' }]);
  });
});

test('a failed effect is logged by its name, its key and the name of the error only', () => {
  const effect = {
    name: 'CreateShippingLabel',
    key: 'o1',
    saga: 'shipping',
    data: {},
    recordedAt: '',
    idempotencyKey: '',
  };
  logFailedEffect(effect, new RangeError('card 4111'));
  const logged = lines.filter((line) => line.includes('"level":"WARN"')).map((line) => JSON.parse(line));
  expect(logged).toMatchObject([
    { service: 'shipping', message: 'effect failed', effect: 'CreateShippingLabel', key: 'o1', cause: 'RangeError' },
  ]);
  expect(lines.join('')).not.toContain('4111');
});

describe('the telemetry of a queue of facts', () => {
  const event: ParkedEvent = {
    status: 'parked',
    message: { ...message(1, 'orderId/o1'), receiveCount: 12 },
    parkedAtMs: NOW,
    reason: 'retries-exhausted',
    explanation: '',
    entity: undefined,
    version: undefined,
  };
  const returned = [{ message: message(2, 'orderId/o2'), error: new TypeError('card 4111') }];

  test('settled, parked and returned facts are counted once each', () => {
    factTelemetry(inLab('charges'))({ taken: 3, parked: [{ event, error: new TypeError('card 4111') }], returned });
    // The name has a suffix, because a boundary may have the bare name, and its metrics are the boundary's.
    expect(emitted('charges:queue').metrics).toEqual({
      [PROJECTOR_METRICS.settled]: 4,
      [OUTCOME_METRICS.parked]: 1,
      [PROJECTOR_METRICS.returned]: 1,
    });
  });

  test('a parked or returned fact is logged by its group, its receives and the name of the error only', () => {
    const noFact = { event: { ...event, reason: 'malformed' as const }, error: undefined };
    factTelemetry(inLab('charges'))({
      taken: 0,
      parked: [{ event, error: new TypeError('card 4111') }, noFact],
      returned,
    });
    const logged = lines.filter((line) => line.includes('"level":"WARN"')).map((line) => JSON.parse(line));
    const parked = { message: 'parked', groupId: 'orderId/o1', receiveCount: 12 };
    expect(logged).toMatchObject([
      { ...parked, reason: 'retries-exhausted', cause: 'TypeError' },
      { ...parked, reason: 'malformed' },
      { message: 'returned', groupId: 'orderId/o2', receiveCount: 1, cause: 'TypeError' },
    ]);
    expect(logged[1]).not.toHaveProperty('cause');
    expect(lines.join('')).not.toContain('4111');
  });
});
