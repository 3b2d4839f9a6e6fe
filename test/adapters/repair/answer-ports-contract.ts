import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { EntityRef } from '../../../core/entity.ts';
import type { OwnedEntity } from '../../../core/own/own.ts';
import { type AnswerPorts, isSendable } from '../../../core/repair/answer.ts';
import { canonicalState, TOMBSTONE_DIGEST } from '../../../core/state.ts';
import { imitations, WORST_ID } from '../../support/nasty-ids.ts';

/** An owner of the lab's types whose entities are to be listed. */
export interface ListedOwner {
  readonly ports: Pick<AnswerPorts, 'get' | 'list' | 'cursorAfter'>;
  /** Commits a state, or the deletion, as the entity's next version. */
  commit(entity: EntityRef, state: object | undefined): Promise<void>;
}

const SAMPLE = { numRuns: 4, seed: 20_261_130 };
const IDS = [...new Set([...fc.sample(imitations, SAMPLE).flat(), WORST_ID, 'Z', 'a', 'é', '\uFFFD', '😀'])];

const thing = (id: string): EntityRef => ({ type: 'Thing', id });

/** The tests that every list of an owner's entities must pass. */
export function answerPortsContract(open: () => Promise<ListedOwner>): void {
  let owner: ListedOwner;
  beforeEach(async () => {
    owner = await open();
  });

  const put = (...ids: readonly string[]) => Promise.all(ids.map((id) => owner.commit(thing(id), { name: id })));

  async function page(cursor: string | undefined, limit: number, withStates: boolean) {
    const { entities, next } = await owner.ports.list('Thing', cursor, { limit, withStates });
    expect(entities.filter((one) => !isSendable(one))).toEqual([]);
    return { entities: entities.filter(isSendable), next };
  }

  /** Reads all pages. @param between runs after each page */
  async function listed({
    limit = 7,
    withStates = true,
    between = async () => {},
    from = undefined as string | undefined,
  } = {}) {
    const all: OwnedEntity[] = [];
    let cursor = from;
    do {
      const { entities, next } = await page(cursor, limit, withStates);
      all.push(...entities);
      cursor = next;
      await between();
    } while (cursor !== undefined);
    return all;
  }
  const idsOf = (all: readonly OwnedEntity[]) => all.map(({ entity }) => entity.id);

  describe("the pages of an owner's entities", () => {
    test.each([1, 7, 1000])('pages of %i contain each entity once, whatever its id is', async (limit) => {
      await put(...IDS);
      const all = await listed({ limit });
      expect(idsOf(all).sort()).toEqual([...IDS].sort());
      for (const { entity, version, digest, stateJson, schemaVersion } of all) {
        const { json, digest: expected } = canonicalState(entity, { name: entity.id });
        expect({ entity, version, digest, stateJson, schemaVersion }).toEqual({
          entity: thing(entity.id),
          version: 1,
          digest: expected,
          stateJson: json,
          schemaVersion: 1,
        });
      }
    });

    test('pages contain deleted entities as tombstones, and no entity of another type', async () => {
      await put('a', 'b');
      await owner.commit(thing('b'), undefined);
      await owner.commit({ type: 'Other', id: 'c' }, { name: 'c' });
      const all = await listed();
      expect(idsOf(all).sort()).toEqual(['a', 'b']);
      expect(all.find(({ entity }) => entity.id === 'b')).toMatchObject({
        version: 2,
        digest: TOMBSTONE_DIGEST,
        stateJson: undefined,
      });
    });

    test('pages without states have the same entities, versions and digests', async () => {
      await put(...IDS);
      await owner.commit(thing('a'), undefined);
      const without = await listed({ withStates: false });
      const noState = { stateJson: undefined, compressed: undefined };
      const stamps = (await listed()).map((one) => ({ ...one, ...noState }));
      expect(without.map((one) => ({ ...one, ...noState }))).toEqual(stamps);
    });

    test('pages that are read while entities are created contain no entity twice, and none that existed before is left out', async () => {
      await put(...IDS);
      let created = 0;
      const all = await listed({
        between: async () => {
          created += 1;
          if (created <= 20) await put(`new-${created}`, `${created}-new`, `\u0000${created}`);
        },
      });
      expect(new Set(idsOf(all)).size).toBe(all.length);
      expect(IDS.filter((id) => !idsOf(all).includes(id))).toEqual([]);
      expect(created).toBeGreaterThan(2);
    });

    test('the cursor after an entity begins with the entity that follows it', async () => {
      await put(...IDS);
      const all = await listed();
      for (const index of [0, 5, all.length - 1]) {
        const at = all[index];
        if (at === undefined) throw new Error('the list is too short');
        expect(idsOf(await listed({ from: owner.ports.cursorAfter(at.entity) }))).toEqual(idsOf(all.slice(index + 1)));
      }
    });

    test('a type without entities has no pages', async () => {
      expect(await listed()).toEqual([]);
    });

    test.each<[string, string]>([
      ['empty', ''],
      ['a space', ' '],
      ['an id', 'a'],
      ['before an empty id', 'after:'],
      ['half a character', 'after:\uD800'],
      ['an id that is too long', `after:${'x'.repeat(1025)}`],
      ['a position with three parts', 'WzEsMiwzXQ'],
      ['a position in partition 9', 'WzldAA'],
      ['a position that is not encoded', '[0]'],
      ['a control character', '\u0000'],
    ])('a cursor that is %s is refused', async (_, cursor) => {
      await put('a');
      const list = owner.ports.list('Thing', cursor, { limit: 7, withStates: true });
      await expect(list).rejects.toMatchObject({ code: 'InvalidCursor' });
    });
  });

  describe('an entity by its id', () => {
    test('an entity by its id is the one of the pages', async () => {
      await put(...IDS);
      await owner.commit(thing('a'), undefined);
      for (const one of await listed()) expect(await owner.ports.get(one.entity)).toEqual(one);
    });

    test('an entity that never existed is unknown', async () => {
      await put('a');
      for (const id of ['A', 'a ', 'b', WORST_ID]) expect(await owner.ports.get(thing(id))).toBeUndefined();
    });
  });
}
