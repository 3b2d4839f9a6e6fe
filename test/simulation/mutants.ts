import { ADDRESSEE_ATTRIBUTE } from '../../adapters/relay/topic.ts';
import type { SelfRepairPorts } from '../../adapters/repair/self-repair.ts';
import { messageGroupId, sha256 } from '../../core/entity.ts';
import { projectBatch } from '../../core/project/batch.ts';
import type { Projection } from '../../core/project/group.ts';
import type { ProjectPorts, ReceivedMessage } from '../../core/project/ports.ts';
import { isPoison, readMessage } from '../../core/project/read-message.ts';
import type { ProjectReport } from '../../core/project/report.ts';
import { receivesAllFromMs } from '../../core/read/staleness.ts';
import type { OutgoingMessage } from '../../core/relay/message.ts';
import type { InventoryRecord } from '../../core/repair/compare-page.ts';
import { PAGE_TYPE } from '../../core/repair/pages.ts';
import type { Check } from './checks.ts';
import { TYPES } from './contracts.ts';
import { simulate } from './simulate.ts';
import type { Wrong } from './world.ts';

/** A planted bug, and the number of seeds within which a check must catch it. */
export interface Mutant {
  readonly name: string;
  readonly wrong: Wrong;
  readonly withinSeeds: number;
}

/** Projects all messages at once, each as its own group. */
const inParallel: typeof projectBatch = async (projection, messages, outOfTime) => {
  const reports = await Promise.all(messages.map((message) => projectBatch(projection, [message], outOfTime)));
  return {
    settled: reports.flatMap(({ settled }) => settled),
    returned: reports.flatMap(({ returned }) => returned),
  };
};

/** Returns only the first message of each failed group. The queue then deletes the others. */
const onlyTheFailed: typeof projectBatch = async (...args) => {
  const report = await projectBatch(...args);
  const seen = new Set<string>();
  const isFirst = ({ groupId }: ReceivedMessage) => !seen.has(groupId) && seen.add(groupId).size > 0;
  return { ...report, returned: report.returned.filter(({ message }) => isFirst(message)) };
};

/** Counts all but the newest event of a group as superseded although the newest one wasn't stored. */
const supersededFirst: typeof projectBatch = async (projection, messages, outOfTime) => {
  const report = await projectBatch(projection, messages, outOfTime);
  const last = new Map(messages.map((message) => [message.groupId, message]));
  const early = report.returned.filter(({ message }) => last.get(message.groupId) !== message);
  const settled = await Promise.all(early.map(({ message }) => supersededBy(projection, message)));
  const returned = report.returned.filter(({ message }) => last.get(message.groupId) === message);
  return { settled: [...report.settled, ...settled], returned } satisfies ProjectReport;
};

async function supersededBy({ boundary, settings, nowMs }: Projection, message: ReceivedMessage) {
  const { event } = await readMessage(boundary, message, nowMs(), settings);
  const none = { leadTimeMs: undefined, reason: undefined } as const;
  return { message, outcome: 'superseded', entity: event?.entity, version: event?.version, ...none } as const;
}

/** Applies a delta to any stored version, as if it were the predecessor. */
const overGaps: typeof projectBatch = async (projection, messages, outOfTime) => {
  const bases = new Map<string, { version: number; digest: string }>();
  for (const message of messages) {
    const reading = await readMessage(projection.boundary, message, projection.nowMs(), projection.settings);
    if (isPoison(reading) || reading.content.kind !== 'delta' || bases.has(message.groupId)) continue;
    bases.set(message.groupId, { version: reading.event.version - 1, digest: reading.content.baseDigest });
  }
  const { ports } = projection;
  const lying: ProjectPorts = {
    ...ports,
    async read(entity) {
      const item = await ports.read(entity);
      const base = bases.get(messageGroupId(entity));
      return item?.dataJson && base && item.version < base.version ? { ...item, ...base } : item;
    },
    write: (item, { stopMarker }) => ports.write(item, { stored: { kind: 'newer' }, stopMarker }),
  };
  return projectBatch({ ...projection, ports: lying }, messages, outOfTime);
};

const withId = <M extends OutgoingMessage>(message: M, deduplicationId: string): M => ({ ...message, deduplicationId });

/** Replaces the results of a port of the cache's repair function. */
const selfRepair = (change: (ports: SelfRepairPorts) => Partial<SelfRepairPorts>): Wrong => ({
  selfRepair: (ports) => ({ ...ports, ...change(ports) }),
});

/** Changes from when a cache claims to receive all events of its types. */
const receivingFrom = (change: (fromMs: number) => number): Wrong =>
  selfRepair(({ completeness }) => ({
    async completeness() {
      const known = await completeness();
      if (known === undefined) return undefined;
      const from = TYPES.map((type) => [type, change(receivesAllFromMs(known, type))] as const);
      return { ...known, receivesAllFrom: Object.fromEntries(from) };
    },
  }));

const intact = (records: readonly InventoryRecord[]) => records.map((record) => ({ ...record, isIntact: true }));

/** The mutants of backfills and inventories. */
const SELF_REPAIR: readonly Mutant[] = [
  {
    name: 'ready noted with the last page',
    wrong: selfRepair(({ backfills }) => ({
      backfills: {
        ...backfills,
        write(type, note) {
          if (note.status === 'ready' || note.sentAllAtMs === undefined) return backfills.write(type, note);
          return backfills.write(type, { ...note, status: 'ready', readyAt: new Date(note.sentAllAtMs).toISOString() });
        },
      },
    })),
    withinSeeds: 30,
  },
  {
    name: 'page sent before its states are published',
    wrong: {
      answers: (ports) => ({
        ...ports,
        async publish(messages) {
          const results = ports.publish(messages);
          return messages.some(({ type }) => type === PAGE_TYPE)
            ? results
            : messages.map(() => ({ kind: 'published' }));
        },
      }),
    },
    withinSeeds: 30,
  },
  {
    name: 'cursor moved on by a repeated request',
    wrong: {
      answers: (ports, { attributes }) => ({
        ...ports,
        async list(type, cursor, options) {
          const listed = await ports.list(type, cursor, options);
          const isRepeated = Number(attributes.ApproximateReceiveCount) > 1;
          return isRepeated && listed.next !== undefined ? ports.list(type, listed.next, options) : listed;
        },
      }),
    },
    withinSeeds: 30,
  },
  {
    name: 'each page taken for a redelivered one',
    wrong: { page: (page) => ({ ...page, attributes: { ...page.attributes, ApproximateReceiveCount: '2' } }) },
    withinSeeds: 30,
  },
  { name: 'lost page never asked for again', wrong: { stalledMs: Number.MAX_SAFE_INTEGER }, withinSeeds: 10 },
  {
    name: 'change in flight counted as lost',
    wrong: selfRepair(({ backfills, settledUntilMs }) => ({
      async settledUntilMs(type) {
        const note = await backfills.read(type);
        return note?.status === 'ready' ? Number.MAX_SAFE_INTEGER : settledUntilMs(type);
      },
    })),
    withinSeeds: 10,
  },
  {
    name: 'parked event counted as lost',
    wrong: selfRepair(() => ({ isSetAside: async () => false })),
    withinSeeds: 30,
  },
  {
    name: 'inventory that trusts the version',
    wrong: selfRepair(({ range, records }) => ({
      range: async (...args) => intact(await range(...args)),
      records: async (...args) => intact(await records(...args)),
    })),
    withinSeeds: 30,
  },
  {
    name: 'delta on data changed by hand',
    wrong: {
      ports: (ports) => ({
        ...ports,
        async read(entity) {
          const item = await ports.read(entity);
          return item && { ...item, isIntact: true };
        },
      }),
    },
    withinSeeds: 60,
  },
  {
    name: 'addressee ignored by the filter',
    wrong: { filterPolicy: ({ [ADDRESSEE_ATTRIBUTE]: _, ...policy }) => policy },
    withinSeeds: 5,
  },
  { name: 'addressee missing', wrong: { message: (message) => ({ ...message, to: undefined }) }, withinSeeds: 5 },
  { name: 'backfill while the filter changes', wrong: receivingFrom(() => 0), withinSeeds: 60 },
  {
    name: 'first heartbeat taken for a changed filter',
    wrong: receivingFrom((fromMs) => fromMs - 15 * 60_000),
    withinSeeds: 60,
  },
  {
    name: 'repair function deployed before the projector',
    wrong: { isRepairDeployedFirst: true },
    withinSeeds: 60,
  },
];

export const MUTANTS: readonly Mutant[] = [
  { name: 'unconditional write', wrong: { condition: () => true }, withinSeeds: 5 },
  {
    name: '<= for <',
    wrong: { condition: (item, stored) => item.version >= stored.version },
    withinSeeds: 5,
  },
  {
    name: 'hard delete',
    wrong: {
      ports: (ports, { stored }) => ({
        ...ports,
        async write(item, expectation) {
          const result = await ports.write(item, expectation);
          if (result.kind === 'stored' && item.dataJson === undefined) stored.delete(messageGroupId(item.entity));
          return result;
        },
      }),
    },
    withinSeeds: 10,
  },
  {
    name: 'content-hash deduplication id',
    wrong: {
      message: (message) => {
        const { data = 'tombstone' } = JSON.parse(message.body) as { data?: unknown };
        return withId(message, sha256(JSON.stringify(data)));
      },
    },
    withinSeeds: 5,
  },
  { name: 'only the failed id returned for its group', wrong: { project: onlyTheFailed }, withinSeeds: 10 },
  { name: 'a group run in parallel', wrong: { project: inParallel }, withinSeeds: 5 },
  {
    name: 'tombstone life too short',
    wrong: { settings: { tombstoneLifeSeconds: 86_400 } },
    withinSeeds: 60,
  },
  {
    name: 'sent again under the old deduplication id',
    wrong: { message: (message) => withId(message, message.deduplicationId.replace(/~[rb].*$/, '')) },
    withinSeeds: 10,
  },
  { name: 'delta over a gap', wrong: { project: overGaps }, withinSeeds: 20 },
  { name: 'superseded counted before the write', wrong: { project: supersededFirst }, withinSeeds: 10 },
  { name: 'resync answered outside the stream', wrong: { isResyncedFromTable: true }, withinSeeds: 10 },
  { name: 'throttling used up the budget', wrong: { isTransient: () => false }, withinSeeds: 10 },
  {
    name: 'age counted from the time of sending',
    wrong: { received: (message) => ({ ...message, firstReceivedAtMs: message.sentAtMs }) },
    withinSeeds: 60,
  },
  { name: 'newer schema parked at once', wrong: { settings: { newerSchemaWaitSeconds: 0 } }, withinSeeds: 20 },
  { name: 'newer schema never tried again', wrong: { isSchemaForgotten: true }, withinSeeds: 60 },
  {
    name: 'marker cleared too early',
    wrong: {
      repair: (repair, { stopped }) => ({
        ...repair,
        clearStop: (entity) => repair.clearStop(entity, stopped.get(messageGroupId(entity)) ?? 0),
      }),
    },
    withinSeeds: 60,
  },
  ...SELF_REPAIR,
];

/** The check that caught a mutant, and the number of seeds that it took. */
export interface Caught {
  readonly check: Check;
  readonly seeds: number;
  readonly message: string;
}

/**
 * Runs one seed after the other until a check catches the mutant; undefined if none does within the bound.
 *
 * @param firstSeed the first seed to run. Default 1
 */
export async function caught({ wrong, withinSeeds }: Mutant, firstSeed = 1): Promise<Caught | undefined> {
  for (let seed = firstSeed; seed < firstSeed + withinSeeds; seed += 1) {
    const { violations } = await simulate({ seed, wrong });
    const [first] = violations;
    if (first !== undefined) return { check: first.check, seeds: seed - firstSeed + 1, message: first.message };
  }
  return undefined;
}
