import { describe, expect, test } from 'vitest';
import type { Owner } from '../../../../adapters/own/owner.ts';
import { type ImportResult, importRows } from '../../../../cli/commands/import/import-rows.ts';
import type { Row } from '../../../../cli/files/row.ts';
import { FreshetError } from '../../../../core/errors.ts';
import { BackpressureError } from '../../../../core/govern/admit.ts';
import geography from '../../../../examples/shop/geography/contracts.ts';

/** A put that waits until the test answers it. */
interface Put {
  readonly id: string;
  readonly state: unknown;
  answer(outcome: 'created' | 'changed' | 'unchanged' | Error): void;
}

describe('importing rows', () => {
  test('the second record of an id is rejected with the place of the first, and the others are put', async () => {
    const { owner, ids } = answeringOwner(() => 'created');
    const rejects: string[] = [];
    const again: Row = { place: { line: 9, byte: 80 }, fields: { id: 7, n: 2 }, cells: false };
    const result = await run(owner, [row('a', 1), row('7', 2), row('b', 3), again], 10, rejects);
    expect(result).toEqual({ ...none, records: 4, created: 3, rejected: 1 });
    expect(ids).toEqual(['a', '7', 'b']);
    expect(rejects).toEqual(['line 9 (byte 80): the id "7" was given before, in line 2. Allowed: each id once']);
  });

  test('a field of the id that no record has is refused once, and nothing is put', async () => {
    const { owner, ids } = answeringOwner(() => 'created');
    for (const count of [1, 50, 20_000]) {
      const rejects: string[] = [];
      let read = 0;
      const rows = async function* () {
        for (; read < count; read += 1) {
          yield { place: { line: read + 1, byte: 0 }, fields: { key: `${read}` }, cells: false };
        }
      };
      const { failure, records } = await run(owner, rows(), 4, rejects);
      expect(String(failure)).toMatch(/^UsageError: --id: no row can be put, such as line 1: no id field id/);
      expect({ records, rejects, ids }).toEqual({ records: 0, rejects: [], ids: [] });
      expect(read).toBeLessThan(102);
    }
  });

  test('records without the field of the id are rejected one by one if other records have it', async () => {
    const rejects: string[] = [];
    const lacking = (n: number): Row => ({ place: { line: 10 + n, byte: 0 }, fields: { n }, cells: false });
    const { owner } = answeringOwner(() => 'created');
    const given = [...Array.from({ length: 99 }, (_, n) => lacking(n)), row('a', 1), lacking(100)];
    expect(await run(owner, given, 4, rejects)).toEqual({ ...none, records: 101, created: 1, rejected: 100 });
    expect(rejects).toHaveLength(100);
  });

  test('there are never more puts at once than writers', async () => {
    const { puts, owner } = heldOwner();
    const done = run(
      owner,
      Array.from({ length: 20 }, (_, n) => row(`id${n}`, n)),
      4,
    );
    for (let answered = 0; answered < 20; answered += 1) {
      await expect.poll(() => puts.length).toBe(Math.min(20, answered + 4));
      puts[answered]?.answer('created');
    }
    expect(await done).toMatchObject({ created: 20 });
  });

  test('a row that the owner refuses is reported, and the import continues', async () => {
    const { owner } = answeringOwner((id) =>
      id === 'bad' ? new FreshetError('state: no', { code: 'InvalidState' }) : 'created',
    );
    const rejects: string[] = [];
    const result = await run(
      owner,
      [row('a', 1), row('bad', 1), { place: { line: 9, byte: 80 }, problem: 'not JSON' }, row('b', 1)],
      1,
      rejects,
    );
    expect(result).toEqual({ ...none, records: 4, created: 2, rejected: 2 });
    expect(rejects.sort()).toEqual(['line 1 (byte 0): state: no', 'line 9 (byte 80): not JSON']);
  });

  test('the import stops reading and returns the failure if the owner can not be reached', async () => {
    const down = new Error('connect ECONNREFUSED');
    const { owner, ids } = answeringOwner((id) => (id === 'id3' ? down : 'created'));
    const result = await run(
      owner,
      Array.from({ length: 1_000 }, (_, n) => row(`id${n}`, n)),
      1,
    );
    expect(result.failure).toBe(down);
    expect(ids.length).toBeLessThan(10);
  });

  test('the import stops early and ends all waits if the owner refuses a write because a cache lags', async () => {
    const waits: AbortSignal[] = [];
    const owner: Owner = {
      ...fakeOwner(() => Promise.resolve('created')),
      put: (_type, id, _state, { signal } = {}) => {
        if (id === 'id0') return Promise.reject(backpressure(id));
        if (signal !== undefined) waits.push(signal);
        return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(backpressure(id))));
      },
    };
    const rejects: string[] = [];
    const rows = Array.from({ length: 100 }, (_, n) => row(`id${n}`, n));
    const { failure, ...counts } = await run(owner, rows, 8, rejects);
    expect(failure).toMatchObject({ code: 'Backpressure', entity: { id: 'id0' } });
    expect(counts).toEqual({ ...none, records: counts.records, notPut: counts.records });
    expect(rejects).toEqual([]);
    expect(waits.length).toBeLessThan(8);
  });

  test('a wait that Ctrl-C ends is neither a rejected row nor a failure', async () => {
    const stop = new AbortController();
    let waiting = 0;
    const owner: Owner = {
      ...fakeOwner(() => Promise.resolve('created')),
      put: (_type, id, _state, { signal } = {}) => {
        waiting += 1;
        return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(backpressure(id))));
      },
    };
    const done = run(owner, [row('a', 1), row('b', 1)], 2, [], stop.signal);
    await expect.poll(() => waiting).toBe(2);
    stop.abort();
    expect(await done).toEqual({ ...none, records: 2, notPut: 2 });
  });

  test('an import that is stopped finishes its running puts and reads no further rows', async () => {
    const { puts, owner } = heldOwner();
    const stop = new AbortController();
    const done = run(
      owner,
      Array.from({ length: 100 }, (_, n) => row(`id${n}`, n)),
      2,
      [],
      stop.signal,
    );
    await expect.poll(() => puts.length).toBe(2);
    stop.abort();
    for (const put of puts) put.answer('created');
    expect(await done).toEqual({ ...none, records: 2, created: 2 });
    expect(puts.length).toBe(2);
  });
});

function backpressure(id: string): BackpressureError {
  const decision = {
    state: 'refusing' as const,
    cause: { cache: 'ordering', backlog: 61_000, drainSeconds: 90 },
    retryAfterSeconds: 60,
    levels: {},
    missing: [],
    decidedAtMs: 0,
    validUntilMs: 1,
  };
  return new BackpressureError({ type: 'Country', id }, decision, 60, 0);
}

const none = { records: 0, created: 0, changed: 0, unchanged: 0, rejected: 0, leftOut: 0, notPut: 0 };

function row(id: string, n: number): Row {
  return { place: { line: n, byte: 0 }, fields: { id, n }, cells: false };
}

function run(
  owner: Owner,
  given: Iterable<Row> | AsyncIterable<Row>,
  writers: number,
  rejects: string[] = [],
  signal = new AbortController().signal,
): Promise<ImportResult> {
  const rows = async function* () {
    yield* given;
  };
  return importRows({
    owner,
    contract: geography.owns.Country,
    rows: rows(),
    mapping: { idField: 'id', keepId: false },
    writers,
    maxWaitMs: 0,
    signal,
    onReject: (place, problem) => rejects.push(`${place}: ${problem}`),
    onProgress: () => {},
  });
}

function heldOwner(): { puts: Put[]; owner: Owner } {
  const puts: Put[] = [];
  const owner = fakeOwner(
    (id, state) =>
      new Promise((resolve) => {
        puts.push({ id, state, answer: resolve });
      }),
  );
  return { puts, owner };
}

function answeringOwner(answer: (id: string) => 'created' | Error): { ids: string[]; owner: Owner } {
  const ids: string[] = [];
  const owner = fakeOwner(async (id) => {
    ids.push(id);
    return answer(id);
  });
  return { ids, owner };
}

function fakeOwner(put: (id: string, state: unknown) => Promise<'created' | 'changed' | 'unchanged' | Error>): Owner {
  const unused = () => Promise.reject(new Error('not used by an import'));
  return {
    async put(type, id, state) {
      const outcome = await put(id, state);
      if (outcome instanceof Error) throw outcome;
      return { outcome, entity: { type, id }, version: 1, changedAt: '2026-01-01T00:00:00.000Z' };
    },
    delete: unused,
    get: unused,
    list: unused,
    listAll: () => {
      throw new Error('not used by an import');
    },
    count: unused,
    resync: unused,
    lift: unused,
    bury: unused,
    beat: unused,
  };
}
