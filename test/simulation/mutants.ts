import { messageGroupId, sha256 } from '../../core/entity.ts';
import { projectBatch } from '../../core/project/batch.ts';
import type { Projection } from '../../core/project/group.ts';
import type { ProjectPorts, ReceivedMessage } from '../../core/project/ports.ts';
import { isPoison, readMessage } from '../../core/project/read-message.ts';
import type { ProjectReport } from '../../core/project/report.ts';
import { receivesAllFromMs } from '../../core/read/staleness.ts';
import type { OutgoingMessage } from '../../core/relay/message.ts';
import type { Check } from './checks.ts';
import { type SimulationOptions, simulate } from './simulate.ts';
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
  {
    name: 'backfill while the filter changes',
    wrong: { receivesAllFromMs: () => 0 },
    withinSeeds: 60,
  },
  {
    name: 'first heartbeat taken for a changed filter',
    wrong: { receivesAllFromMs: (known, type) => receivesAllFromMs(known, type) - 15 * 60_000 },
    withinSeeds: 60,
  },
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
];

/** The check that caught a mutant, and the number of seeds that it took. */
export interface Caught {
  readonly check: Check;
  readonly seeds: number;
  readonly message: string;
}

/** Runs seeds from 1 up until a check catches the mutant; undefined if none does within the bound. */
export async function caught(
  { wrong, withinSeeds }: Mutant,
  options: Partial<SimulationOptions> = {},
): Promise<Caught | undefined> {
  for (let seed = 1; seed <= withinSeeds; seed += 1) {
    const { violations } = await simulate({ ...options, seed, wrong });
    const [first] = violations;
    if (first !== undefined) return { check: first.check, seeds: seed, message: first.message };
  }
  return undefined;
}
