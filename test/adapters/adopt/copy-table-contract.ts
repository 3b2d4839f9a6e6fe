import { expect, test } from 'vitest';
import type { CopySource, CopyTable, CopyVersion } from '../../../core/adopt/adopt.ts';
import { position } from '../../../core/adopt/decide.ts';
import { entityRef } from '../../../core/entity.ts';
import { TOMBSTONE_DIGEST } from '../../../core/state.ts';
import { STREAM, TABLE } from '../../support/adopting.ts';

const entity = entityRef('Part', 'a');

const versionOf = (version: number, base = 0): CopyVersion => ({
  version,
  base,
  digest: `d${version}`,
  json: `{"n":${version}}`,
  schemaVersion: 1,
  changedAt: '2026-11-30T00:00:00.000Z',
});
const deletion = (version: number): CopyVersion => ({
  ...versionOf(version, version),
  digest: TOMBSTONE_DIGEST,
  json: undefined,
});
const record = (number: number): CopySource => ({
  kind: 'record',
  position: at(number),
  atMs: number * 1000,
});
const at = (number: number, stream = STREAM): string => position(stream, String(number));
const survey = (atMs: number): CopySource => ({ kind: 'survey', atMs });
const TAKEN = { taken: true };

/** What every table of copies does. Each test gets an empty one. */
export function copyTableContract(open: () => CopyTable | Promise<CopyTable>): void {
  test('a version is committed if there is no copy, or if the copy is the expected one', async () => {
    const table = await open();
    expect(await table.read(entity)).toBeUndefined();
    const first = { expected: undefined, source: record(1), isPredicted: true };
    expect(await table.write(entity, versionOf(1), first)).toEqual(TAKEN);
    expect(await table.write(entity, versionOf(2), { ...first, source: record(2) })).toMatchObject({
      taken: false,
      copy: { version: 1, base: 0, digest: 'd1', isDeleted: false, position: at(1) },
    });
    const expected = await table.read(entity);
    expect(await table.write(entity, versionOf(2), { expected, source: record(2), isPredicted: false })).toEqual(TAKEN);
    expect(await table.read(entity)).toMatchObject({ version: 2, position: at(2) });
  });

  test('a copy with another base is not the expected one', async () => {
    const table = await open();
    await table.write(entity, versionOf(8, 5), { expected: undefined, source: record(1), isPredicted: false });
    const expected = { version: 8, base: 0, digest: '', isDeleted: false };
    const written = await table.write(entity, versionOf(9), { expected, source: record(2), isPredicted: true });
    expect(written).toMatchObject({ taken: false, copy: { version: 8, base: 5 } });
  });

  test('a deletion has no state, and the next version has one again', async () => {
    const table = await open();
    await table.write(entity, versionOf(1), { expected: undefined, source: record(1), isPredicted: false });
    const expected = await table.read(entity);
    await table.write(entity, deletion(2), { expected, source: record(2), isPredicted: false });
    const deleted = await table.read(entity);
    expect(deleted).toMatchObject({ version: 2, base: 2, isDeleted: true });
    await table.write(entity, versionOf(3, 2), { expected: deleted, source: record(3), isPredicted: false });
    expect(await table.read(entity)).toMatchObject({ version: 3, base: 2, isDeleted: false });
  });

  test('a record that does not come after the one that changed the copy is refused', async () => {
    const table = await open();
    await table.write(entity, versionOf(1), { expected: undefined, source: record(2), isPredicted: false });
    const expected = await table.read(entity);
    for (const source of [record(1), record(2)]) {
      const written = await table.write(entity, versionOf(2), { expected, source, isPredicted: false });
      expect(written).toMatchObject({ taken: false });
    }
  });

  test.each<[string, string, boolean]>([
    ['a later stream of the table', `${TABLE}/stream/2026-12-01T00:00:00.000`, true],
    ['an earlier stream of the table', `${TABLE}/stream/2026-11-01T00:00:00.000`, false],
    ['another table, whose stream is older', `${TABLE}-2/stream/2026-11-01T00:00:00.000`, true],
  ])('a record of %s is compared with the one that changed the copy', async (_, stream, taken) => {
    const table = await open();
    await table.write(entity, versionOf(1), { expected: undefined, source: record(5), isPredicted: false });
    const expected = await table.read(entity);
    const source: CopySource = { kind: 'record', position: at(1, stream), atMs: 1_000 };
    expect(await table.write(entity, versionOf(2), { expected, source, isPredicted: false })).toMatchObject({ taken });
  });

  test('when the item expires is kept with a version, noted alone, and gone with the next version', async () => {
    const table = await open();
    const first = { ...versionOf(1), expiresAtSeconds: 500 };
    await table.write(entity, first, { expected: undefined, source: survey(1_000), isPredicted: false });
    const expected = await table.read(entity);
    expect(expected).toMatchObject({ version: 1, expiresAtSeconds: 500 });
    const later = { expected, source: survey(2_000), isPredicted: false };
    expect(await table.write(entity, { expiresAtSeconds: 0 }, later)).toEqual(TAKEN);
    expect(await table.read(entity)).toMatchObject({
      version: 1,
      digest: 'd1',
      expiresAtSeconds: 0,
      surveyedAtMs: 2_000,
    });
    await table.write(entity, versionOf(2), { expected, source: survey(3_000), isPredicted: false });
    expect((await table.read(entity))?.expiresAtSeconds).toBeUndefined();
  });

  test('a predicted copy is refused if a survey changed the copy after the record', async () => {
    const table = await open();
    await table.write(entity, versionOf(1), { expected: undefined, source: survey(5_000), isPredicted: false });
    const expected = { version: 1, base: 0, digest: '', isDeleted: false };
    const predicted = { expected, source: record(4), isPredicted: true };
    expect(await table.write(entity, versionOf(2), predicted)).toMatchObject({
      taken: false,
      copy: { surveyedAtMs: 5_000 },
    });
    expect(await table.write(entity, versionOf(2), { ...predicted, isPredicted: false })).toEqual(TAKEN);
    expect(await table.read(entity)).toMatchObject({ version: 2, surveyedAtMs: 5_000, position: at(4) });
  });

  test('an expiry is noted without a new version, until the next version', async () => {
    const table = await open();
    await table.write(entity, versionOf(1), { expected: undefined, source: record(1), isPredicted: false });
    const expected = await table.read(entity);
    expect(await table.write(entity, 'expired', { expected, source: record(2), isPredicted: false })).toEqual(TAKEN);
    const expired = await table.read(entity);
    expect(expired).toMatchObject({ version: 1, isExpired: true, position: at(2) });
    await table.write(entity, versionOf(2), { expected: expired, source: record(3), isPredicted: false });
    expect((await table.read(entity))?.isExpired ?? false).toBe(false);
  });
}
