import type { SQSEvent, SQSRecord } from 'aws-lambda';
import { eachRecord, receivedMessage } from '../../adapters/project/queue.ts';
import { messageGroupId } from '../../core/entity.ts';
import { projectBatch } from '../../core/project/batch.ts';
import type { Projection } from '../../core/project/group.ts';
import type { ProjectPorts, ProjectSettings, ReceivedMessage } from '../../core/project/ports.ts';
import { deadLetter } from '../../core/repair/dead-letter.ts';
import { type GapNotice, type HealPorts, heal } from '../../core/repair/heal.ts';
import { type OperationResult, operate } from '../../core/repair/operate.ts';
import type { Operation } from '../../core/repair/operation.ts';
import type { Queue } from '../../local/fifo/queue.ts';
import { startSqsMapping } from '../../local/lambda/sqs-mapping.ts';
import { createTables, type Tables } from './cache-tables.ts';
import { type CacheName, cacheBoundary, deadly, type FieldsRevision, SETTINGS } from './contracts.ts';
import type { FunctionOptions, Invocation, Service } from './invocations.ts';
import type { World } from './world.ts';

const PROJECTOR: FunctionOptions = { crash: 'projectorCrash', timeoutMs: 20_000, crashWithin: 8 };
const REPAIR: FunctionOptions = { crash: 'repairCrash', timeoutMs: 60_000, crashWithin: 6 };
const REGION = 'eu-central-1';

/** A consumer's cache: its queues, its tables, its projector and its repair function, wired as lambdas/ and lib/ do it. */
export interface Cache {
  readonly name: CacheName;
  readonly queue: Queue;
  readonly deadLetters: Queue;
  readonly gapQueue: Queue;
  readonly tables: Tables;
  fieldsRevision: FieldsRevision;
  /** What an operator asks of the repair function; undefined when it crashed or failed. */
  operate(operation: Operation): Promise<OperationResult | undefined>;
}

/**
 * @param maxReceiveCount receives before a message goes to the dead-letter queue
 * @param areDeadLettersParked whether the repair function takes them from there
 */
export function createCache(
  world: World,
  name: CacheName,
  maxReceiveCount: number,
  areDeadLettersParked: boolean,
): Cache {
  const { messaging, functions, faults, ledger, scheduler, wrong } = world;
  const fifo = { FifoQueue: 'true', MessageRetentionPeriod: '1209600' };
  const deadLetters = messaging.createQueue(`${name}-dead.fifo`, { ...fifo, VisibilityTimeout: '360' });
  const redrive = JSON.stringify({ deadLetterTargetArn: deadLetters.arn, maxReceiveCount });
  const queue = messaging.createQueue(`${name}.fifo`, { ...fifo, VisibilityTimeout: '120', RedrivePolicy: redrive });
  const gapQueue = messaging.createQueue(`${name}-gaps`, { VisibilityTimeout: '360' });
  const settings: ProjectSettings = { ...SETTINGS, ...wrong.settings };
  const tables = createTables(world, name, settings.tombstoneLifeSeconds);
  const alone = new Map<number, string>();
  const inWork = new Map<string, number>();

  const boundaryFor = (invocation: Invocation) => {
    const boundary = cacheBoundary(name, cache.fieldsRevision);
    if (world.isMended) return boundary;
    return deadly(boundary, ({ note }) => note === `deadly:${name}`, invocation.crash);
  };

  /** The ports of one invocation, which take time and fail. */
  const portsFor = (invocation: Invocation, handleOf: (messageId: string) => string | undefined): ProjectPorts => {
    const { ports } = tables;
    const busy = new Set<string>();
    const exclusively = async <T>(service: Service, groupId: string, work: () => Promise<T>): Promise<T> => {
      if (busy.has(groupId)) ledger.violate('group-in-parallel', `${name} ${groupId} in one invocation`);
      busy.add(groupId);
      try {
        return await invocation.call(service, groupId, work);
      } finally {
        busy.delete(groupId);
      }
    };
    const stopChanged = <T extends string>(groupId: string, answer: T): T => {
      if (answer === 'released') invocation.failedGroups.add(groupId);
      return answer;
    };
    return {
      read: (entity) => invocation.call('cacheTable', messageGroupId(entity), () => ports.read(entity)),
      write: (item, expectation) =>
        exclusively('cacheTable', messageGroupId(item.entity), () => ports.write(item, expectation)),
      park: (aside) => exclusively('parkingTable', aside.message.groupId, () => ports.park(aside)),
      stop: (entity, aside) => exclusively('parkingTable', aside.message.groupId, () => ports.stop(entity, aside)),
      hold: (entity, asides) =>
        exclusively('parkingTable', messageGroupId(entity), async () =>
          stopChanged(messageGroupId(entity), await ports.hold(entity, asides)),
        ),
      requestResync: (entity, wantedVersion) =>
        exclusively('queue', messageGroupId(entity), () => {
          faults.count('gap');
          ledger.asked(name, messageGroupId(entity), wantedVersion);
          gapQueue.send({ body: JSON.stringify({ entity, wantedVersion, asked: 0 } satisfies GapNotice) });
          return Promise.resolve();
        }),
      beginAlone: (message, onlyFirst) =>
        invocation.call('parkingTable', message.groupId, () => {
          if (invocation.isDead) ledger.uncleanEnd(name, message.messageId);
          else alone.set(invocation.id, message.messageId);
          return ports.beginAlone(message, onlyFirst);
        }),
      async endAlone(message) {
        try {
          await invocation.call('parkingTable', message.groupId, () => {
            alone.delete(invocation.id);
            return ports.endAlone(message);
          });
        } catch (error) {
          ledger.uncleanEnd(name, message.messageId);
          throw error;
        }
      },
      postpone: (messages, seconds) =>
        invocation.call('queue', messages[0]?.groupId ?? '', () => {
          for (const { messageId } of messages) {
            try {
              queue.changeVisibility(handleOf(messageId) ?? '', seconds);
            } catch {
              // The handle has expired: an entry of the batch fails, the call doesn't.
            }
          }
        }),
    };
  };

  const onCrash = (invocation: Invocation): void => {
    const messageId = alone.get(invocation.id);
    if (messageId !== undefined) ledger.uncleanEnd(name, messageId);
    alone.delete(invocation.id);
  };

  const received = (batch: readonly ReceivedMessage[]): void => {
    for (const { messageId, receiveCount } of batch) {
      if (receiveCount > 1) faults.count('redelivery');
      if (inWork.has(messageId)) {
        faults.count('race');
        ledger.uncleanEnd(name, messageId);
      }
      inWork.set(messageId, (inWork.get(messageId) ?? 0) + 1);
    }
  };
  const given = (batch: readonly ReceivedMessage[]): void => {
    for (const { messageId } of batch) {
      const left = (inWork.get(messageId) ?? 1) - 1;
      if (left === 0) inWork.delete(messageId);
      else inWork.set(messageId, left);
    }
  };

  /** lambdas/projector.ts */
  const projector = async (invocation: Invocation, { Records }: SQSEvent, batch: readonly ReceivedMessage[]) => {
    const handles = new Map(Records.map(({ messageId, receiptHandle }) => [messageId, receiptHandle]));
    const ports = portsFor(invocation, (id) => handles.get(id));
    const projection = { boundary: boundaryFor(invocation), ports, settings, nowMs: scheduler.nowMs };
    const report = await (wrong.project ?? projectBatch)(projection, batch, invocation.outOfTime);
    if (!invocation.isDead) {
      ledger.answered(name, invocation, batch, report);
      for (const { reason, version } of report.settled) {
        if (reason === 'crashed') faults.count('crashAlways');
        if (reason === 'retries-exhausted') faults.count('retriesExhausted');
        if (reason === 'malformed' || reason === 'invalid' || reason === 'conflict') faults.count(reason);
        if (reason === 'newer-schema') faults.count('newerSchema');
        if (reason === 'too-old' && version !== undefined) faults.count('tooOld');
      }
    }
    return { batchItemFailures: report.returned.map(({ message }) => ({ itemIdentifier: message.messageId })) };
  };

  const projectionOf = (invocation: Invocation): Projection => ({
    boundary: boundaryFor(invocation),
    settings,
    nowMs: scheduler.nowMs,
    ports: { ...portsFor(invocation, () => undefined), postpone: async () => {} },
  });

  const healingFor = (invocation: Invocation): HealPorts => {
    const { healing } = tables;
    const group = messageGroupId;
    return {
      want: (entity, wantedVersion, by) =>
        invocation.call('parkingTable', group(entity), () => healing.want(entity, wantedVersion, by)),
      wanted: (entity) => invocation.call('parkingTable', group(entity), () => healing.wanted(entity)),
      forget: (entity, wantedVersion) =>
        invocation.call('parkingTable', group(entity), () => healing.forget(entity, wantedVersion)),
      cached: (entity) => invocation.call('cacheTable', group(entity), () => healing.cached(entity)),
      askOwner: (entity, wantedVersion) =>
        invocation.call('queue', group(entity), () => {
          world.pendingResyncs.add(group(entity));
          messaging.queues.require('resync').send({ body: JSON.stringify({ entity, wantedVersion, cache: name }) });
        }),
      lookAgain: (notice, delaySeconds) =>
        invocation.call('queue', group(notice.entity), () => {
          gapQueue.send({ body: JSON.stringify(notice), delaySeconds });
        }),
    };
  };

  /** lambdas/cache-repair.ts */
  const repairRecord = async (invocation: Invocation, record: SQSRecord): Promise<unknown> => {
    if (record.eventSourceARN === gapQueue.arn) {
      return heal(JSON.parse(record.body) as GapNotice, record.messageId, healingFor(invocation), scheduler.nowMs());
    }
    await projectionOf(invocation).ports.park(deadLetter(receivedMessage(record), 'crashed', scheduler.nowMs()));
    faults.count('deadLetterParked');
    ledger.finals[name].set(record.body, 'parked');
    return undefined;
  };

  const cache: Cache = {
    ...{ name, queue, deadLetters, gapQueue, tables },
    fieldsRevision: 1,
    async operate(operation) {
      const result = await functions.invoke(REPAIR, (invocation) => {
        const { repair } = tables;
        const isDrop = operation.operation === 'release' && operation.drop;
        return operate(
          projectionOf(invocation),
          {
            asideOf: (groupId) => invocation.call('parkingTable', groupId, () => repair.asideOf(groupId)),
            removeAside: (keys) =>
              invocation.call('parkingTable', keys[0]?.groupId ?? '', async () => {
                tables.dropping = isDrop;
                await repair.removeAside(keys);
                tables.dropping = false;
              }),
            replaceAside: (aside) =>
              invocation.call('parkingTable', aside.message.groupId, () => repair.replaceAside(aside)),
            clearStop: (entity, marker) =>
              invocation.call('cacheTable', messageGroupId(entity), () => repair.clearStop(entity, marker)),
            parseReadiness: () => undefined,
            noteReadiness: async () => {},
          },
          operation,
        );
      });
      return result.ok ? (result.payload as OperationResult) : undefined;
    },
  };

  const mapping = { reportBatchItemFailures: true, now: scheduler.nowMs, region: REGION };
  const setTimer = (callback: () => void, delayMs: number) => scheduler.after(delayMs, callback);
  startSqsMapping({
    ...{ ...mapping, setTimer, queue, functionArn: `${name}-projector`, maximumConcurrency: 4 },
    async invoke(event) {
      const batch = event.Records.map(receivedMessage);
      received(batch);
      const result = await functions.invoke(PROJECTOR, (invocation) => projector(invocation, event, batch), onCrash);
      given(batch);
      return result;
    },
  });
  for (const source of areDeadLettersParked ? [gapQueue, deadLetters] : [gapQueue]) {
    startSqsMapping({
      ...{ ...mapping, setTimer, queue: source, functionArn: `${name}-repair`, maximumConcurrency: 2 },
      invoke: (event) =>
        functions.invoke(REPAIR, (invocation) => eachRecord(event, (record) => repairRecord(invocation, record))),
    });
  }
  return cache;
}
