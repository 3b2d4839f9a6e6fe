import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { expect, test } from 'vitest';
import { createCacheWriter } from '../../../adapters/project/cache-writer.ts';
import { MAX_COMPRESSED_STATE_BYTES, MAX_STATE_BYTES } from '../../../core/state.ts';
import { noise } from '../../support/compressible.ts';

/** Writes data of an entity, such as an upcast made it, into a table that takes everything. */
async function write(dataJson: string) {
  const sent: unknown[] = [];
  const client = { send: async (command: unknown) => void sent.push(command) } as unknown as DynamoDBClient;
  const result = await createCacheWriter({ tableName: 'Reader', client }).write(
    {
      entity: { type: 'List', id: 'l1' },
      version: 1,
      digest: 'digest-1',
      changedAt: '2026-11-30T00:00:00.000Z',
      schemaVersion: 2,
      fieldsRevision: 1,
      dataJson,
      indexed: {},
      expiresAtSeconds: undefined,
    },
    { stored: { kind: 'newer' }, stopMarker: undefined },
  );
  return { result, sent };
}

const jsonOf = (bytes: number, text = 'a'.repeat(bytes)) => `{"text":"${text.slice(0, bytes - '{"text":""}'.length)}"}`;

test('data that no reader would decompress is unstorable, although its compressed form would fit', async () => {
  const { result, sent } = await write(jsonOf(MAX_STATE_BYTES + 1));
  expect(result).toEqual({
    kind: 'unstorable',
    message: `${MAX_STATE_BYTES + 1} bytes of data; a cache reads at most ${MAX_STATE_BYTES}`,
  });
  expect(sent).toEqual([]);
});

test('data of the largest size is stored', async () => {
  expect((await write(jsonOf(MAX_STATE_BYTES))).result).toEqual({ kind: 'stored' });
});

test('data whose compressed form does not fit is unstorable, with both figures', async () => {
  const bytes = 3 * MAX_COMPRESSED_STATE_BYTES;
  const { result } = await write(jsonOf(bytes, noise(bytes)));
  expect(result).toMatchObject({ kind: 'unstorable' });
  expect(JSON.stringify(result)).toMatch(new RegExp(`${bytes} bytes of data.* holds ${MAX_COMPRESSED_STATE_BYTES}`));
});
