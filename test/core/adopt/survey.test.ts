import { describe, expect, test } from 'vitest';
import { adoptBatch } from '../../../core/adopt/adopt.ts';
import { requestSurvey, type SurveyDue } from '../../../core/adopt/begin-survey.ts';
import type { WireItem } from '../../../core/adopt/item.ts';
import { type SurveyRunPorts, surveySlice } from '../../../core/adopt/survey.ts';
import type { ExistingTable, SurveyNote } from '../../../core/adopt/survey-note.ts';
import type { AdoptedKey, Adoption } from '../../../core/contract/adopted.ts';
import type { Boundary } from '../../../core/contract/contract.ts';
import { type EntityRef, entityName } from '../../../core/entity.ts';
import { TOMBSTONE_DIGEST } from '../../../core/state.ts';
import { memoryPorts, partItem, STREAM, TABLE, tableRecord, workshop } from '../../support/adopting.ts';

const HOUR_MS = 3_600_000;
/** The lag of an adopter that keeps up. */
const LAG_MS = 10_000;
const SHOP: ExistingTable = { tableArn: TABLE, streamArn: STREAM };

/** The workshop with another mapping of parts. Their expiry isn't declared unless given. */
function boundaryWith(rest: { readonly [K in keyof Adoption]?: Adoption[K] | undefined }): Boundary {
  const { Part } = workshop.owns;
  const { expiresBy: _, ...mapping } = Part.adopted as Adoption;
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return { ...workshop, owns: { ...workshop.owns, Part: { ...Part, adopted: { ...mapping, ...given } } } };
}

/** An existing table of parts, its copies, and surveys of it. The clock moves a second with each page. */
function surveyed(
  items: Map<string, WireItem>,
  afterFirstScan: (
    memory: ReturnType<typeof memoryPorts>,
    items: Map<string, WireItem>,
  ) => Promise<void> = async () => {},
) {
  const memory = memoryPorts();
  let note: SurveyNote | undefined;
  let boundaryNow: Boundary = workshop;
  let pausedAfter = Number.POSITIVE_INFINITY;
  let nowMs = 10 * HOUR_MS;
  const aside: string[] = [];
  let asideFailsFor: string | undefined;
  let whileWaiting: () => Promise<void> = async () => {};
  let pauses = 0;
  let mostItems = 0;
  const scanned: (string | undefined)[] = [];
  const ports: SurveyRunPorts = {
    write: memory.write,
    nowMs: () => nowMs,
    copies: (all: readonly EntityRef[]) => Promise.all(all.map(memory.read)),
    async items(all) {
      mostItems = Math.max(mostItems, all.length);
      return all.map(({ id }) => {
        const { pk = '' } = boundaryNow.owns.Part?.adopted?.key(id) ?? {};
        return String(pk).startsWith('unfit') ? 'wrong-key' : items.get(String(pk));
      });
    },
    isPaused: async () => scanned.length >= pausedAfter,
    async scan(cursor, limit) {
      nowMs += 1000;
      scanned.push(cursor);
      const ids = [...items.keys()].sort();
      const page = ids.filter((id) => cursor === undefined || id > cursor).slice(0, limit);
      const last = page.at(-1);
      const found = page.map((id) => items.get(id)).filter((item) => item !== undefined);
      const next = last === ids.at(-1) ? undefined : last;
      if (scanned.length === 1) await afterFirstScan(memory, items);
      return { items: found, next };
    },
    async list(type) {
      const entities = [...memory.copies].flatMap(([name, { version, digest, isDeleted }]) => {
        const entity = { type, id: name.slice(type.length + 1) };
        if (name !== entityName(entity)) return [];
        const stamp = { version, digest: isDeleted ? TOMBSTONE_DIGEST : digest, changedAt: '', schemaVersion: 1 };
        return [{ entity, ...stamp, stateJson: undefined }];
      });
      return { entities, next: undefined };
    },
    pace: async () => {},
    async pause(ms) {
      pauses += 1;
      nowMs += ms;
      await whileWaiting();
    },
    async setAside({ reason }) {
      if (reason === asideFailsFor) throw new Error('refused by the queue');
      aside.push(reason);
    },
    notes: {
      read: async () => note,
      async write(_, next) {
        if (next.seq !== (note?.seq ?? 0) + 1) return 'changed';
        note = next;
        return 'stored';
      },
    },
  };
  return {
    memory,
    aside,
    scanned,
    later: (ms: number) => {
      nowMs += ms;
    },
    failAside: (reason: string | undefined) => {
      asideFailsFor = reason;
    },
    pauseAfter: (pages: number) => {
      pausedAfter = pages;
    },
    boundaryWith,
    /** What happens in each pause of a survey. */
    onPause: (work: () => Promise<void>) => {
      whileWaiting = work;
    },
    pauses: () => pauses,
    /** The most items that were read by key at once. */
    mostItems: () => mostItems,
    run(
      hasTime = () => true,
      boundary: Boundary = workshop,
      table: ExistingTable = SHOP,
      { lostAtMs, lagMs }: Pick<SurveyDue, 'lostAtMs' | 'lagMs'> = { lagMs: LAG_MS },
    ) {
      boundaryNow = boundary;
      return surveySlice(boundary, ports, { table, everyMs: 24 * HOUR_MS, lostAtMs, lagMs }, hasTime);
    },
    request: () => requestSurvey(workshop, ports, SHOP),
    note: () => note,
  };
}

const parts = (count: number): Map<string, WireItem> => {
  const numbers = Array.from({ length: count }, (_, n) => n);
  return new Map(numbers.map((n) => [idOf(n), partItem(idOf(n), n + 1, `part ${n}`)]));
};
const idOf = (n: number): string => `p${String(n).padStart(4, '0')}`;

describe('the survey of an existing table', () => {
  test('the first survey copies every item with its version', async () => {
    const { run, memory, note } = surveyed(parts(250));
    expect(await run()).toMatchObject({ found: { compared: 250, mended: 250, deleted: 0, refused: 0 } });
    expect(memory.copies.get('Part/p0249')).toMatchObject({ version: 250, base: 0, json: '{"name":"part 249"}' });
    expect(note()).toMatchObject({
      isFirst: true,
      endedAtMs: expect.any(Number),
      last: { types: { Part: 1, Lease: 1 } },
    });
  });

  test('a survey goes on where the last invocation stopped, and is due again after a day', async () => {
    const { run, scanned, later, note } = surveyed(parts(250));
    let pages = 0;
    const onePage = () => {
      pages += 1;
      return pages % 2 === 1;
    };
    for (let slice = 0; slice < 3; slice += 1) await run(onePage);
    expect(scanned).toEqual([undefined, 'p0099', 'p0199']);
    expect(note()?.endedAtMs).toBeUndefined();
    await run();
    expect(note()?.endedAtMs).toBeDefined();
    expect(await run()).toBeUndefined();
    later(24 * HOUR_MS);
    expect(await run()).toMatchObject({ note: { isFirst: false }, found: { compared: 250, mended: 0 } });
  });

  test('a survey that is asked for begins at once and mends, and further requests join it until it has ended', async () => {
    const items = parts(150);
    const { run, request, note, later, memory } = surveyed(items);
    await run();
    const atMs = note()?.startedAtMs ?? 0;
    items.set('p0001', partItem('p0001', 9, 'lost'));
    later(1000);
    const { startedAtMs, isNew } = await request();
    expect([startedAtMs > atMs, isNew]).toEqual([true, true]);
    expect(note()).toMatchObject({ isFirst: false, last: { startedAtMs: atMs } });
    expect(await request()).toEqual({ startedAtMs, isNew: false });
    expect(await run()).toMatchObject({ note: { startedAtMs, endedAtMs: expect.any(Number) }, found: { mended: 1 } });
    expect(memory.copies.get('Part/p0001')).toMatchObject({ version: 9 });
    later(1000);
    expect(await request()).toMatchObject({ isNew: true });
  });

  test('after changes may have been lost, a survey is due at once, and once', async () => {
    const { run, later, note } = surveyed(parts(1));
    await run();
    later(1000);
    const lostAtMs = (note()?.startedAtMs ?? 0) + 1;
    expect(await run(() => true, workshop, SHOP, { lostAtMs })).toMatchObject({ note: { isFirst: false } });
    expect(await run(() => true, workshop, SHOP, { lostAtMs })).toBeUndefined();
  });

  test('a request does not begin a survey anew that is under way, nor work on it while caches lag', async () => {
    const { run, request, note, pauseAfter } = surveyed(parts(250));
    pauseAfter(1);
    await run();
    const before = note();
    expect(await request()).toEqual({ startedAtMs: before?.startedAtMs, isNew: false });
    expect(note()).toEqual(before);
    expect(await run()).toBeUndefined();
  });

  test('of two requests at the same time, one begins a survey and the other joins it', async () => {
    const { run, request, later } = surveyed(parts(1));
    await run();
    later(1000);
    const both = await Promise.all([request(), request()]);
    expect(both.map(({ isNew }) => isNew).sort()).toEqual([false, true]);
    expect(both[0].startedAtMs).toBe(both[1].startedAtMs);
  });

  test('what the stream lost is mended: a new item, a change and a deletion', async () => {
    const items = parts(3);
    const { run, memory, later } = surveyed(items);
    await run();
    items.delete('p0000');
    items.set('p0001', partItem('p0001', 9, 'changed'));
    items.set('p0002', partItem('p0002', 1, 'created again'));
    items.set('new', partItem('new', 4, 'new'));
    later(24 * HOUR_MS);
    expect(await run()).toMatchObject({ found: { compared: 4, mended: 3, deleted: 1 } });
    expect(memory.copies.get('Part/p0000')).toMatchObject({ version: 2, isDeleted: true });
    expect(memory.copies.get('Part/p0001')).toMatchObject({ version: 9 });
    expect(memory.copies.get('Part/p0002')).toMatchObject({ version: 4, base: 3, json: '{"name":"created again"}' });
    expect(memory.copies.get('Part/new')).toMatchObject({ version: 4 });
  });

  test('changes that the adopter has yet to copy are left to it: nothing is mended, deleted or set aside', async () => {
    const items = parts(4);
    const { run, memory, later, aside, onPause, boundaryWith } = surveyed(items);
    const undeclared = boundaryWith({});
    await run(() => true, undeclared);
    later(24 * HOUR_MS);
    const records = [
      tableRecord(1, items.get('p0000'), undefined),
      tableRecord(2, items.get('p0001'), partItem('p0001', 9, 'changed')),
      tableRecord(3, undefined, partItem('new', 1, 'new')),
    ].map((record) => ({ ...record, atMs: 34 * HOUR_MS }));
    for (const { before, after } of records) {
      if (after === undefined) items.delete(before?.pk?.S ?? '');
      else items.set(after.pk?.S ?? '', after);
    }
    onPause(async () => void (await adoptBatch(undeclared, records, memory)));
    const found = { compared: 5, mended: 0, deleted: 0, refused: 0 };
    expect(await run(() => true, undeclared)).toMatchObject({ found, note: { endedAtMs: expect.any(Number) } });
    expect(aside).toEqual([]);
    expect(memory.copies.get('Part/p0000')).toMatchObject({ version: 2, isDeleted: true });
    expect(memory.copies.get('Part/p0001')).toMatchObject({ version: 9 });
    expect(memory.copies.get('Part/new')).toMatchObject({ version: 1 });
  });

  test('an entity that always has a change on its way is no loss', async () => {
    const items = parts(1);
    const { run, memory, later, onPause } = surveyed(items);
    await run();
    later(24 * HOUR_MS);
    let version = 1;
    const change = async () => {
      const before = items.get('p0000');
      version += 1;
      items.set('p0000', partItem('p0000', version, `state ${version}`));
      return tableRecord(version, before, items.get('p0000'), { atMs: 34 * HOUR_MS });
    };
    let onItsWay = await change();
    onPause(async () => {
      await adoptBatch(workshop, [onItsWay], memory);
      onItsWay = await change();
    });
    expect(await run()).toMatchObject({ found: { mended: 0 }, note: { endedAtMs: expect.any(Number) } });
  });

  test.each([
    ['does not read the stream', undefined],
    ['lags', 3 * 60_000],
  ])('while the adopter %s, a survey does not mend, and goes on later', async (_, lagMs) => {
    const items = parts(2);
    const { run, later, note, pauses } = surveyed(items);
    await run();
    later(24 * HOUR_MS);
    items.set('p0001', partItem('p0001', 9, 'changed'));
    expect(await run(() => true, workshop, SHOP, { lagMs })).toMatchObject({ found: { compared: 2, mended: 0 } });
    expect([note()?.endedAtMs, pauses()]).toEqual([undefined, 0]);
    later(60_000);
    expect(await run()).toMatchObject({ found: { compared: 0, mended: 1 }, note: { endedAtMs: expect.any(Number) } });
  });

  test('a survey holds few items at once, because each may be large', async () => {
    const { run, later, mostItems } = surveyed(parts(250));
    await run();
    later(24 * HOUR_MS);
    expect(await run()).toMatchObject({ found: { compared: 250 } });
    expect(mostItems()).toBe(25);
  });

  test('after one wait, a survey that has found a loss mends all others at once', async () => {
    const items = parts(1_000);
    const { run, later, pauses } = surveyed(items);
    await run();
    later(24 * HOUR_MS);
    for (const [id, item] of parts(1_000)) items.set(id, { ...item, v: { N: '2000' } });
    expect(await run()).toMatchObject({ found: { compared: 1_000, mended: 1_000 } });
    expect(pauses()).toBeLessThanOrEqual(1 + LAG_MS / 1_000);
  });

  test('an item that was created again while nobody looked continues above its deletion', async () => {
    const items = new Map([['a', partItem('a', 1, 'again')]]);
    const { run, memory } = surveyed(items);
    await adoptBatch(workshop, [tableRecord(1, partItem('a', 7, 'old'), undefined)], memory);
    await run();
    expect(memory.copies.get('Part/a')).toMatchObject({ version: 9, base: 8, json: '{"name":"again"}' });
  });

  test('an item that can not be published is set aside, and its copy stays', async () => {
    const items = parts(2);
    const { run, memory, later, aside } = surveyed(items);
    await run();
    items.set('p0001', { ...partItem('p0001', 3, 'x'), name: { N: '7' } });
    items.set('bad', { ...partItem('bad', 1, 'x'), v: { S: 'one' } });
    later(24 * HOUR_MS);
    expect(await run()).toMatchObject({ found: { refused: 2, deleted: 0, mended: 0 } });
    expect(aside).toEqual(['invalid-version', 'invalid-state']);
    expect(memory.copies.get('Part/p0001')).toMatchObject({ version: 2, isDeleted: false });
  });

  test('an item that can not even be set aside fails the slice, and does not hold up the survey', async () => {
    const items = parts(2);
    items.set('bad', { ...partItem('bad', 1, 'x'), v: { S: 'one' } });
    items.set('odd', { ...partItem('odd', 1, 'x'), name: { N: '7' } });
    const { run, later, aside, note, failAside } = surveyed(items);
    failAside('invalid-version');
    expect(await run()).toMatchObject({ cause: { message: 'refused by the queue' }, found: { refused: 2, mended: 2 } });
    expect(note()?.endedAtMs).toBeDefined();
    expect(aside).toEqual(['invalid-state']);
    failAside(undefined);
    later(24 * HOUR_MS);
    expect(await run()).toMatchObject({ cause: undefined });
    expect(aside).toContain('invalid-version');
  });

  test('a changed contract is surveyed at once, and what its mapping reads now is published', async () => {
    const { run, memory } = surveyed(parts(1));
    await run();
    const { Part } = workshop.owns;
    const renamed: Boundary = {
      ...workshop,
      owns: {
        ...workshop.owns,
        Part: {
          ...Part,
          schemaVersion: 2,
          adopted: {
            key: (id) => ({ pk: id }),
            read: ({ kind, pk, v, name }) =>
              kind === 'Part' ? { id: pk, version: v, state: { name: `the ${String(name)}` } } : undefined,
          },
        },
      },
    };
    expect(await run(() => true, renamed)).toMatchObject({ found: { mended: 1 }, note: { isFirst: true } });
    expect(memory.copies.get('Part/p0000')).toMatchObject({ version: 2, base: 1, json: '{"name":"the part 0"}' });
  });

  test.each<[string, Boundary, ExistingTable]>([
    ['another table', workshop, { tableArn: `${TABLE}-2`, streamArn: `${TABLE}-2/stream/2026-01-01` }],
    ['another stream', workshop, { ...SHOP, streamArn: `${TABLE}/stream/2026-12-01T00:00:00.000` }],
    ['another epoch', { ...workshop, epoch: 1 }, SHOP],
  ])('%s is surveyed at once', async (_, boundary, table) => {
    const { run, note } = surveyed(parts(1));
    await run();
    expect(await run(() => true, boundary, table)).toMatchObject({ note: { isFirst: true }, found: { compared: 1 } });
    expect(note()?.last?.source).toEqual({ ...table, epoch: boundary.epoch });
  });

  test('a survey waits while caches lag, and goes on from the same page', async () => {
    const { run, scanned, pauseAfter, note } = surveyed(parts(250));
    pauseAfter(0);
    expect(await run()).toBeUndefined();
    pauseAfter(1);
    await run();
    expect(scanned).toHaveLength(1);
    expect(note()?.endedAtMs).toBeUndefined();
    pauseAfter(Number.POSITIVE_INFINITY);
    await run();
    expect(scanned).toEqual([undefined, 'p0099', 'p0199']);
  });

  test('an item that holds another id deletes the copy of the earlier one', async () => {
    const items = new Map<string, WireItem>([['a', { ...partItem('a', 4, 'bolt'), alias: { S: 'A' } }]]);
    const { run, memory, later } = surveyed(items);
    await run();
    items.set('a', partItem('a', 1, 'nut'));
    later(24 * HOUR_MS);
    expect(await run()).toMatchObject({ found: { mended: 1, deleted: 1 } });
    expect(memory.copies.get('Part/A')).toMatchObject({ version: 5, isDeleted: true });
    expect(memory.copies.get('Part/a')).toMatchObject({ version: 1, json: '{"name":"nut"}' });
  });

  test.each<[string, (id: string) => AdoptedKey]>([
    ['throws', () => JSON.parse('no key')],
    ['lacks a value', () => ({ pk: 'p', sk: undefined as never })],
    ['is empty', () => ({})],
    ['is no key of the table', (id) => ({ pk: `unfit-${id}` })],
  ])('a key that %s refuses its entity alone', async (_, key) => {
    const { run, aside, memory, later, boundaryWith } = surveyed(parts(3));
    await run();
    later(24 * HOUR_MS);
    const wrong = boundaryWith({ key: (id) => (id === 'p0001' ? key(id) : { pk: id }) });
    expect(await run(() => true, wrong)).toMatchObject({ found: { mended: 0, deleted: 0 } });
    expect(aside).toContain('wrong-key');
    expect(memory.copies.get('Part/p0001')).toMatchObject({ version: 2, isDeleted: false });
  });

  const soon = String((10 * HOUR_MS) / 1000 + 60);
  test.each<[string, Partial<Adoption>, WireItem, object]>([
    ['past its expiry', { expiresBy: 'ttl' }, { ttl: { N: soon } }, { isDeleted: false, isExpired: true }],
    ['before its expiry', { expiresBy: 'ttl' }, { ttl: { N: `9${soon}` } }, { isDeleted: true }],
    ['of a type that expires, without a time', { expiresBy: 'ttl' }, {}, { isDeleted: true }],
    ['of a type that never expires', { expiresBy: false }, { ttl: { N: soon } }, { isDeleted: true }],
    ['whose expiry is a deletion', { deletedByExpiry: true }, { ttl: { N: soon } }, { isDeleted: true }],
    ['of a type that says nothing of expiry', {}, { ttl: { N: soon } }, { isDeleted: false, version: 1 }],
  ])('a missing item %s', async (_, { expiresBy, deletedByExpiry }, rest, expected) => {
    const items = new Map([['p0000', { ...partItem('p0000', 1, 'bolt'), ...rest }]]);
    const { run, memory, later, aside, boundaryWith } = surveyed(items);
    const boundary = boundaryWith({ expiresBy, deletedByExpiry });
    await run(() => true, boundary);
    items.clear();
    later(24 * HOUR_MS);
    await run(() => true, boundary);
    expect(memory.copies.get('Part/p0000')).toMatchObject(expected);
    const isUnknown = expiresBy === undefined && deletedByExpiry === undefined;
    expect(aside).toEqual(isUnknown ? ['maybe-expired'] : []);
  });

  test('an item that expires between its reading and its copy is not deleted by the next survey', async () => {
    const item = { ...partItem('a', 1, 'bolt'), ttl: { N: soon } };
    const { run, memory, later } = surveyed(new Map([['a', item]]), async (memory, items) => {
      items.delete('a');
      await adoptBatch(workshop, [tableRecord(1, item, undefined, { isExpiry: true })], memory);
    });
    await run();
    expect(memory.copies.get('Part/a')).toMatchObject({ version: 1, isDeleted: false });
    later(24 * HOUR_MS);
    await run();
    expect(memory.copies.get('Part/a')).toMatchObject({ version: 1, isDeleted: false, isExpired: true });
  });

  test('a changed time to live is noted without a new version', async () => {
    const items = new Map<string, WireItem>([['a', partItem('a', 1, 'bolt')]]);
    const { run, memory, later } = surveyed(items);
    await run();
    items.set('a', { ...partItem('a', 1, 'bolt'), ttl: { N: soon } });
    later(24 * HOUR_MS);
    expect(await run()).toMatchObject({ found: { mended: 0 } });
    expect(memory.copies.get('Part/a')).toMatchObject({ version: 1, expiresAtSeconds: Number(soon) });
  });
});
