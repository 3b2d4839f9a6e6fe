import { describe, expect, test } from 'vitest';
import { adoptBatch } from '../../../core/adopt/adopt.ts';
import { type Copy, decide, position } from '../../../core/adopt/decide.ts';
import { type Absence, absenceOf, mend, type Surveyed } from '../../../core/adopt/mend.ts';
import { planRecord, type TableRecord } from '../../../core/adopt/record.ts';
import { EPOCH_SIZE } from '../../../core/entity.ts';
import { memoryPorts, partItem, STREAM, TABLE, tableRecord, workshop } from '../../support/adopting.ts';

const bolt = (version: number, name = `bolt ${version}`) => partItem('a', version, name);

async function adopted(...records: TableRecord[]) {
  const ports = memoryPorts();
  const report = await adoptBatch(workshop, records, ports);
  const versions = ports.committed.map(({ entity, change }) =>
    change === 'expired' ? 'expired' : [entity.type, change.version, change.json ?? 'deleted'],
  );
  return { ports, report, versions, reasons: ports.aside.map(({ reason }) => reason) };
}

describe('adopting the changes of an existing table', () => {
  test("the copy has the item's version, the state and the time of the change", async () => {
    const { ports, report } = await adopted(tableRecord(7, undefined, bolt(1)), tableRecord(9, bolt(1), bolt(2)));
    expect(ports.committed.map(({ change }) => change)).toMatchObject([
      { version: 1, base: 0, json: '{"name":"bolt 1"}', changedAt: '1970-01-01T00:00:07.000Z', schemaVersion: 1 },
      { version: 2, base: 0, json: '{"name":"bolt 2"}', changedAt: '1970-01-01T00:00:09.000Z' },
    ]);
    expect(report).toMatchObject({ committed: 2, unchanged: 0, setAside: 0, failed: [], oldestAtMs: 7000 });
  });

  test('an entity that was created again at version 1 continues above its deletion', async () => {
    const { versions } = await adopted(
      tableRecord(1, bolt(4), bolt(5)),
      tableRecord(2, bolt(5), undefined),
      tableRecord(3, undefined, bolt(1)),
      tableRecord(4, bolt(1), bolt(2)),
      tableRecord(5, bolt(2), undefined),
      tableRecord(6, undefined, bolt(1)),
    );
    expect(versions).toEqual([
      ['Part', 5, '{"name":"bolt 5"}'],
      ['Part', 6, 'deleted'],
      ['Part', 7, '{"name":"bolt 1"}'],
      ['Part', 8, '{"name":"bolt 2"}'],
      ['Part', 9, 'deleted'],
      ['Part', 10, '{"name":"bolt 1"}'],
    ]);
  });

  test('records that are delivered again change nothing', async () => {
    const records = [
      tableRecord(1, undefined, bolt(1)),
      tableRecord(2, bolt(1), undefined),
      tableRecord(3, undefined, bolt(1)),
    ];
    const { versions, report } = await adopted(...records, ...records);
    expect(versions).toHaveLength(3);
    expect(report).toMatchObject({ committed: 3, unchanged: 3 });
  });

  test('a change that does not raise the version is set aside and never published', async () => {
    const { versions, reasons, ports } = await adopted(
      tableRecord(1, undefined, bolt(1)),
      tableRecord(2, bolt(1), bolt(1, 'other')),
      tableRecord(3, bolt(1, 'other'), bolt(2)),
      tableRecord(4, bolt(2), bolt(1)),
      tableRecord(5, bolt(1), bolt(2, 'another')),
      tableRecord(6, bolt(2, 'another'), bolt(3)),
    );
    expect(versions).toEqual([1, 2, 3].map((n) => ['Part', n, `{"name":"bolt ${n}"}`]));
    expect(reasons).toEqual(['version-not-raised', 'version-went-back', 'version-not-raised']);
    expect(ports.aside[0]).toMatchObject({ sequenceNumber: '2', entity: { type: 'Part', id: 'a' } });
  });

  test('a change of other attributes, and of items of other types, changes nothing', async () => {
    const { versions, report } = await adopted(
      tableRecord(1, bolt(1), { ...bolt(1), seen: { N: '7' } }),
      tableRecord(2, undefined, partItem('b', 1, 'x', 'Order')),
      tableRecord(3, partItem('b', 1, 'x', 'Order'), undefined),
    );
    expect(versions).toEqual([]);
    expect(report).toMatchObject({ unchanged: 3, setAside: 0 });
  });

  test('an item that becomes another entity is a deletion and a new entity', async () => {
    const { versions } = await adopted(tableRecord(1, bolt(3), partItem('a', 4, 'lease', 'Lease')));
    expect(versions).toEqual([
      ['Part', 4, 'deleted'],
      ['Lease', 4, '{"name":"lease"}'],
    ]);
  });

  test('an expired item stays in the caches, and is there again with the next version', async () => {
    const { versions, report } = await adopted(
      tableRecord(1, undefined, bolt(5)),
      tableRecord(2, bolt(5), undefined, { isExpiry: true }),
      tableRecord(3, undefined, bolt(1)),
      tableRecord(4, bolt(1), bolt(2)),
    );
    expect(versions).toEqual([
      ['Part', 5, '{"name":"bolt 5"}'],
      'expired',
      ['Part', 6, '{"name":"bolt 1"}'],
      ['Part', 7, '{"name":"bolt 2"}'],
    ]);
    expect(report).toMatchObject({ committed: 3, expired: 1 });
  });

  test('an expired item is a deletion where the contract says so', async () => {
    const lease = partItem('b', 1, 'lease', 'Lease');
    const { versions } = await adopted(tableRecord(5, lease, undefined, { isExpiry: true }));
    expect(versions).toEqual([['Lease', 2, 'deleted']]);
  });

  test('a state that the schema refuses is set aside, and the next one is published', async () => {
    const bad = { ...bolt(1), name: { N: '7' } };
    const { versions, reasons } = await adopted(tableRecord(1, undefined, bad), tableRecord(2, bad, bolt(2)));
    expect(versions).toEqual([['Part', 2, '{"name":"bolt 2"}']]);
    expect(reasons).toEqual(['invalid-state']);
  });

  test('a removal without an old image is set aside', async () => {
    const record = { ...tableRecord(1, bolt(1), undefined), before: undefined };
    expect((await adopted(record)).ports.aside).toMatchObject([
      { reason: 'unmappable', explanation: expect.stringContaining('NEW_AND_OLD_IMAGES') },
    ]);
  });

  test('a write that fails holds back only the later records of its item', async () => {
    const ports = memoryPorts();
    const failing = {
      ...ports,
      write: (async (entity, ...rest) => {
        if (entity.id === 'a') throw new Error('throttled');
        return ports.write(entity, ...rest);
      }) as typeof ports.write,
    };
    const records = [
      tableRecord(1, undefined, partItem('b', 1, 'nut')),
      tableRecord(2, undefined, bolt(1)),
      tableRecord(3, partItem('b', 1, 'nut'), partItem('b', 2, 'nut')),
      tableRecord(4, bolt(1), bolt(2)),
    ];
    const report = await adoptBatch(workshop, records, failing);
    expect(report).toMatchObject({ committed: 2, failed: ['2', '4'], cause: expect.any(Error) });
    expect((await adoptBatch(workshop, records.slice(1), ports)).failed).toEqual([]);
    expect(ports.copies.get('Part/a')).toMatchObject({ version: 2 });
    expect(ports.copies.get('Part/b')).toMatchObject({ version: 2 });
  });

  test('a copy in a later epoch counts on from its base', async () => {
    const ports = memoryPorts();
    await adoptBatch(workshop, [tableRecord(1, bolt(1), undefined), tableRecord(2, undefined, bolt(1))], ports);
    const restored = { ...workshop, epoch: 1 };
    await adoptBatch(restored, [tableRecord(3, bolt(1), bolt(2))], ports);
    expect(ports.copies.get('Part/a')).toMatchObject({ version: EPOCH_SIZE + 4, base: EPOCH_SIZE + 2 });
  });
});

describe('decisions about a copy', () => {
  const put = {
    kind: 'put',
    isNew: false,
    version: 3,
    digest: 'd',
    position: position(STREAM, '9'),
    atMs: 100_000,
  } as const;
  const copy: Copy = { version: 5, base: 0, digest: 'e', isDeleted: false };

  test.each<[string, Copy | undefined, object]>([
    ['is new', undefined, { kind: 'commit', version: 3, base: 0 }],
    ['is older', { ...copy, version: 2 }, { kind: 'commit', version: 3, base: 0 }],
    ['is newer', copy, { kind: 'refused', reason: 'version-went-back' }],
    ['is newer because of a survey', { ...copy, surveyedAtMs: 90_000 }, { kind: 'known' }],
    ['was surveyed long before', { ...copy, surveyedAtMs: 60_000 }, { kind: 'refused', reason: 'version-went-back' }],
    ['was surveyed long after', { ...copy, version: 1, surveyedAtMs: 140_000 }, { kind: 'known' }],
    ['comes from a later record', { ...copy, version: 1, position: position(STREAM, '10') }, { kind: 'known' }],
    [
      'is full',
      { ...copy, version: EPOCH_SIZE - 2, base: EPOCH_SIZE - 2 },
      { kind: 'refused', reason: 'versions-exhausted' },
    ],
  ])('a change of a copy that %s', (_, stored, expected) => {
    expect(decide(put, stored, 0)).toMatchObject(expected);
  });

  test('the records of a new stream come after those of the old one', () => {
    const next = STREAM.replace('2026-11-30', '2026-12-01');
    expect(position(next, '1') > position(STREAM, '9')).toBe(true);
    expect(position(STREAM, '10') > position(STREAM, '9')).toBe(true);
  });

  test.each<[string, Copy | undefined, Surveyed | Absence, object]>([
    ['is missing', undefined, { version: 7, digest: 'd' }, { kind: 'commit', version: 7, base: 0 }],
    ['is equal', { ...copy, digest: 'd' }, { version: 5, digest: 'd' }, { kind: 'known' }],
    ['has another state of the version', copy, { version: 5, digest: 'd' }, { kind: 'commit', version: 6, base: 1 }],
    ['has a higher version', copy, { version: 1, digest: 'd' }, { kind: 'commit', version: 6, base: 5 }],
    ['is deleted in the table', copy, 'deleted', { kind: 'commit', version: 6, base: 6 }],
    ['expired', { ...copy, isExpired: true }, 'deleted', { kind: 'known' }],
    ['expired unseen', copy, 'expired', { kind: 'note-expiry' }],
    ['may have expired', copy, 'unknown', { kind: 'refused', reason: 'maybe-expired' }],
    [
      'expires at another time',
      { ...copy, digest: 'd' },
      { version: 5, digest: 'd', expiresAtSeconds: 9 },
      { kind: 'note-time', expiresAtSeconds: 9 },
    ],
    [
      'was deleted and is there again',
      { ...copy, base: 5, isDeleted: true },
      { version: 1, digest: 'd' },
      { version: 6, base: 5 },
    ],
  ])('a survey mends a copy that %s', (_, stored, item, expected) => {
    expect(mend(stored, item, 0)).toMatchObject(expected);
  });

  test.each([
    [0, 5],
    [3, 8],
  ])('a survey leaves an equal copy alone whose version a restore has lifted, with base %i', (base, version) => {
    const lifted = { ...copy, base, version: EPOCH_SIZE + version, digest: 'd' };
    expect(mend(lifted, { version: 5, digest: 'd' }, 1)).toEqual({ kind: 'known' });
  });

  test.each([
    ['without a time', {}, 'deleted'],
    ['before its time', { ttl: { N: '1001' } }, 'deleted'],
    ['at its time, which has not come to the millisecond', { ttl: { N: '1000' } }, 'expired'],
    ['after its time, in another region of a global table', { ttl: { N: '900' } }, 'expired'],
    ['whose time DynamoDB ignores, because it is over five years ago', { ttl: { N: '5' } }, 'deleted', 2_000_000_000],
  ])('an item that is removed %s', (_, rest, expected, seconds = 1_000) => {
    const before = { ...partItem('a', 3, 'bolt'), ...rest };
    const { changes } = planRecord(workshop, tableRecord(1, before, undefined, { atMs: seconds * 1000 }));
    expect(changes).toMatchObject([{ change: { kind: expected === 'expired' ? 'expire' : 'remove' } }]);
  });

  test.each<[string, number, Absence]>([
    ['five years ago', 2_000_000_000 - 5 * 366 * 86_400, 'deleted'],
    ['a day less than five years ago', 2_000_000_000 - 5 * 365 * 86_400 + 86_400, 'expired'],
    ['now', 2_000_000_000, 'expired'],
    ['later', 2_000_000_001, 'deleted'],
    ['never', 0, 'deleted'],
  ])('a missing item whose time to live was over %s', (_, expiresAtSeconds, expected) => {
    expect(absenceOf({ expiresBy: 'ttl' }, expiresAtSeconds, false, 2_000_000_000_000)).toBe(expected);
  });

  test('a record of another table is compared by its version alone', () => {
    const elsewhere = `${TABLE}-2/stream/2026-01-01T00:00:00.000`;
    const stored = { ...copy, version: 1, position: position(STREAM, '10') };
    expect(decide({ ...put, position: position(elsewhere, '1') }, stored, 0)).toMatchObject({ kind: 'commit' });
  });
});
