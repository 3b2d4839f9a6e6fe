import { describe, expect, test } from 'vitest';
import { adoptBatch } from '../../../core/adopt/adopt.ts';
import type { WireItem } from '../../../core/adopt/item.ts';
import { type SurveyNote, type SurveyRunPorts, surveySlice } from '../../../core/adopt/survey.ts';
import type { Boundary } from '../../../core/contract/contract.ts';
import { type EntityRef, entityName } from '../../../core/entity.ts';
import { TOMBSTONE_DIGEST } from '../../../core/state.ts';
import { memoryPorts, partItem, tableRecord, workshop } from '../../support/adopting.ts';

const HOUR_MS = 3_600_000;

/** An existing table of parts, its copies, and surveys of it. The clock moves a second with each page. */
function surveyed(items: Map<string, WireItem>) {
  const memory = memoryPorts();
  let note: SurveyNote | undefined;
  let nowMs = 10 * HOUR_MS;
  const aside: string[] = [];
  const scanned: (string | undefined)[] = [];
  const ports: SurveyRunPorts = {
    write: memory.write,
    nowMs: () => nowMs,
    copies: (all: readonly EntityRef[]) => Promise.all(all.map(memory.read)),
    items: async (all) => all.map(({ id }) => items.get(id)),
    async scan(cursor, limit) {
      nowMs += 1000;
      scanned.push(cursor);
      const ids = [...items.keys()].sort();
      const page = ids.filter((id) => cursor === undefined || id > cursor).slice(0, limit);
      const last = page.at(-1);
      return {
        items: page.map((id) => items.get(id)).filter((item) => item !== undefined),
        next: last === ids.at(-1) ? undefined : last,
      };
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
    async setAside({ reason }) {
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
    run: (hasTime = () => true, boundary: Boundary = workshop) => surveySlice(boundary, ports, 24 * HOUR_MS, hasTime),
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
});
