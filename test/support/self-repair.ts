import { keep } from '../../core/contract/define-boundary.ts';
import { type EntityRef, entityName } from '../../core/entity.ts';
import type { OwnedEntity } from '../../core/own/own.ts';
import type { Completeness } from '../../core/read/staleness.ts';
import type { OutgoingMessage } from '../../core/relay/message.ts';
import { type AnswerPorts, answerEntity, answerPage } from '../../core/repair/answer.ts';
import type { BackfillNote, BackfillPorts, Kept } from '../../core/repair/backfill.ts';
import type { InventoryRecord } from '../../core/repair/compare-page.ts';
import type { InventoryNote, InventoryPorts } from '../../core/repair/inventory.ts';
import type { SuspectPorts } from '../../core/repair/look.ts';
import type { Note, NoteStore } from '../../core/repair/note.ts';
import { type OwnerPage, PAGE_TYPE, type PageRequest, parsePage } from '../../core/repair/pages.ts';
import type { Suspects } from '../../core/repair/suspects.ts';
import { catalogue } from './boundaries.ts';

/** The cache's boundary's view of a type, at a revision of its fields. */
export const keptProduct = (fieldsRevision = 1): Kept => ({
  cache: 'shop',
  type: 'Product',
  cached: keep(catalogue.owns.Product, { fieldsRevision }),
});

/** Notes in memory. */
export function memoryNotes<N extends Note>(): NoteStore<N> & { readonly stored: Map<string, N> } {
  const stored = new Map<string, N>();
  return {
    stored,
    read: async (type) => stored.get(type),
    async write(type, note) {
      if ((stored.get(type)?.seq ?? 0) !== note.seq - 1) return 'changed';
      stored.set(type, note);
      return 'stored';
    },
  };
}

/**
 * An owner and a cache in memory, with everything that one asks the other. Nothing happens by itself: a test takes the
 * requests and messages, and delivers or loses them.
 */
export function createRepairWorld() {
  const owned = new Map<string, OwnedEntity>();
  const records = new Map<string, InventoryRecord>();
  const setAside = new Set<string>();
  const requests: { readonly request: PageRequest; readonly delaySeconds: number }[] = [];
  const published: OutgoingMessage[] = [];
  const looks: { readonly suspects: Suspects; readonly delaySeconds: number }[] = [];
  const askedFor: string[] = [];
  const exposed: string[] = [];
  const ended: InventoryNote[] = [];
  const gaps = new Map<string, number>();
  const noticed: string[] = [];
  const world = {
    nowMs: Date.parse('2026-11-30T12:00:00Z'),
    /** See `BackfillPorts.settledUntilMs`. */
    settledUntilMs: 0,
    backlog: 0,
    completeness: undefined as Completeness | undefined,
    heartbeatsAsked: 0,
    tended: 0,
  };
  const backfills = memoryNotes<BackfillNote>();
  const inventories = memoryNotes<InventoryNote>();
  const ids = () => [...owned.keys()].sort();
  const between = (from: string | undefined, to: string | undefined) =>
    [...records.values()].filter(({ id }) => (from === undefined || id > from) && (to === undefined || id <= to));
  const ports: BackfillPorts & InventoryPorts & SuspectPorts = {
    backfills,
    inventories,
    askPage: async (request, delaySeconds) => void requests.push({ request, delaySeconds }),
    backlog: async () => world.backlog,
    completeness: async () => world.completeness,
    settledUntilMs: async () => world.settledUntilMs,
    async askHeartbeat() {
      world.heartbeatsAsked += 1;
    },
    async tendLater() {
      world.tended += 1;
    },
    range: async (_, from, to) => between(from, to),
    records: async (_, wanted) => wanted.flatMap((id) => records.get(id) ?? []),
    lookAgain: async (suspects, delaySeconds) => void looks.push({ suspects, delaySeconds }),
    wanted: async (entity) => gaps.get(entity.id),
    noticeGap: async (entity) => void noticed.push(entity.id),
    ended: (_, note) => void ended.push(note),
    isSetAside: async (entity) => setAside.has(entity.id),
    askOwner: async (entity) => void askedFor.push(entity.id),
    expose: async (entity, record, { version, digest }) => {
      exposed.push(`${entity.id}@${version}`);
      records.set(entity.id, { ...record, version, digest, fieldsRevision: 0 });
    },
  };
  const owner: AnswerPorts & { pageSize: number } = {
    pageSize: 2,
    isTableRange: true,
    cursorAfter: (entity) => entity.id,
    get: async ({ id }) => owned.get(id),
    async list(_, cursor, { withStates }) {
      const rest = ids().filter((id) => cursor === undefined || id > cursor);
      const page = rest.slice(0, owner.pageSize).map((id) => owned.get(id) as OwnedEntity);
      const entities = withStates ? page : page.map((one) => ({ ...one, stateJson: undefined }));
      return { entities, next: rest.length > owner.pageSize ? page.at(-1)?.entity.id : undefined };
    },
    async publish(messages) {
      published.push(...messages);
      return messages.map(() => ({ kind: 'published' }) as const);
    },
    pace: async () => {},
    nowMs: () => world.nowMs,
  };
  let answered = 0;
  return {
    world,
    owned,
    records,
    setAside,
    ended,
    gaps,
    noticed,
    requests,
    published,
    looks,
    askedFor,
    exposed,
    backfills: backfills.stored,
    inventories: inventories.stored,
    ports,
    owner,
    /** Notes that the cache is filled, with the fields of a revision. */
    fill(revision = 1): void {
      const readyAt = new Date(0).toISOString();
      const counts = { sent: 0, unsendableCount: 0, unsendable: [] };
      backfills.stored.set('Product', { seq: 1, status: 'ready', readyAt, run: 'filled', revision, ...counts });
    },
    /** Stores an entity at the owner. */
    own(...entities: readonly OwnedEntity[]): void {
      for (const one of entities) owned.set(one.entity.id, one);
    },
    /** Stores a version of the owner in the cache, as the projector does. */
    hold({ entity, version, digest, changedAt }: OwnedEntity, changes: Partial<InventoryRecord> = {}): void {
      const stamp = { id: entity.id, version, digest, changedAtMs: Date.parse(changedAt) };
      records.set(entity.id, { ...stamp, fieldsRevision: 1, checksum: undefined, isIntact: true, ...changes });
    },
    /** Lets the owner answer the oldest request. Returns the page that it publishes. */
    async answerNext(): Promise<OwnerPage> {
      const next = requests.shift();
      if (next === undefined) throw new Error('nothing was asked for');
      answered += 1;
      await answerPage(catalogue, next.request, `request-${answered}`, owner);
      const page = published.findLast(({ type }) => type === PAGE_TYPE);
      return parsePage(page?.body ?? '') as OwnerPage;
    },
    answerEntity: (entity: EntityRef) => answerEntity(catalogue, { entity, cache: 'shop' }, 'request', owner),
    /** The names of the entities whose states were published, and to whom. */
    sent: () =>
      published
        .filter(({ type }) => type !== PAGE_TYPE)
        .map(
          ({ body, to }) =>
            `${entityName({ type: 'Product', id: (JSON.parse(body) as { subject: string }).subject })} to ${to}`,
        ),
  };
}
