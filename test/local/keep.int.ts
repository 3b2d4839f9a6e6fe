import { appendFileSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createOwner } from '../../adapters/own/owner-table.ts';
import { createReader } from '../../adapters/read/cache-table.ts';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { cacheIn, cloudClient, ownerIn } from '../../local/deployed.ts';
import { openKeptState } from '../../local/keep/kept-state.ts';
import lenient from '../cli/depot/lenient.ts';
import depot from '../cli/depot/owner.ts';
import strict from '../cli/depot/strict.ts';
import { assemblyOf } from '../support/assembly.ts';
import { copyAssembly } from '../support/copy-assembly.ts';

const APP = 'test/cli/depot/app.ts';
let folder: string;
let cloud: LocalCloud | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'freshet-keep-'));
});
afterEach(async () => {
  await cloud?.stop();
  cloud = undefined;
  await rm(folder, { recursive: true, force: true });
});

async function start(assembly?: string): Promise<LocalCloud> {
  await cloud?.stop();
  cloud = await startLocalCloud({ assembly: assembly ?? (await assemblyOf(APP)), keep: join(folder, 'kept') });
  return cloud;
}

async function put(running: LocalCloud, id: string): Promise<void> {
  const client = cloudClient(running);
  const { table } = ownerIn(running, depot);
  await createOwner({ boundary: depot, client, tableName: table }).put('Item', id, { name: id });
  client.destroy();
}

async function versionIn(running: LocalCloud, boundary: typeof lenient | typeof strict, id: string) {
  const client = cloudClient(running);
  const { table } = cacheIn(running, boundary);
  const found = await createReader({ boundary: boundary as typeof lenient, client, tableName: table }).get('Item', id);
  client.destroy();
  return found.status === 'found' ? found.version : found.status;
}

describe('a local cloud with a kept folder', { timeout: 120_000 }, () => {
  test('a later cloud has the entities, the caches, the unread stream, the waiting messages and the stopped functions', async () => {
    const first = await start();
    await put(first, 'cached');
    await first.idle();
    const { projector } = cacheIn(first, lenient);
    first.functions.setReservedConcurrency(projector, 0);
    await put(first, 'in-queue');
    await first.idle();
    const { relay } = ownerIn(first, depot);
    first.functions.setReservedConcurrency(relay, 0);
    await put(first, 'in-stream');

    const second = await start();
    expect(await versionIn(second, lenient, 'cached')).toBe(1);
    expect(await versionIn(second, lenient, 'in-queue')).toBe('unknown');
    expect(
      second.functions
        .functions()
        .filter(({ stopped }) => stopped)
        .map(({ name }) => name)
        .sort(),
    ).toEqual([projector, relay].sort());
    second.functions.setReservedConcurrency(projector, undefined);
    second.functions.setReservedConcurrency(relay, undefined);
    await second.idle();
    for (const id of ['in-queue', 'in-stream']) {
      expect(await versionIn(second, lenient, id)).toBe(1);
      expect(await versionIn(second, strict, id)).toBe(1);
    }
    expect((await start()).functions.functions().some(({ stopped }) => stopped)).toBe(false);
  });

  test('a stream continues after the last record that was processed, and message numbers never return', async () => {
    const first = await start();
    await put(first, 'before');
    await first.idle();
    const { queueUrl } = cacheIn(first, lenient);
    const numberOf = (running: LocalCloud) =>
      running.messaging.queues
        .require(queueUrl.slice(queueUrl.lastIndexOf('/') + 1))
        .send({ body: 'x', groupId: 'g', deduplicationId: `${Math.random()}` }).sequenceNumber ?? '';
    first.functions.setReservedConcurrency(cacheIn(first, lenient).projector, 0);
    const before = numberOf(first);
    const second = await start();
    const { relay } = ownerIn(second, depot);
    await put(second, 'after');
    await second.idle();
    const published = second.metrics.query({ metric: 'Published', dimensions: { service: 'depot', stack: 'Depot' } });
    expect(second.functions.functions().find(({ name }) => name === relay)?.errors).toBe(0);
    // Heartbeats aside, only the new entity is published.
    expect(published?.sum).toBeLessThanOrEqual(3);
    expect(numberOf(second) > before).toBe(true);
  });

  test('an index is added to a kept table, and a table with another key is refused with its data kept', async () => {
    await put(await start(), 'kept');
    const assembly = await assemblyOf(APP);
    const indexed = copyAssembly(assembly, join(folder, 'indexed'), ({ stack, type, logicalId, properties }) => {
      if (stack !== 'lenient' || type !== 'AWS::DynamoDB::Table' || !/^Cache(?!Parking)/.test(logicalId)) return;
      const attributes = properties.AttributeDefinitions as object[];
      attributes.push({ AttributeName: 'by_name', AttributeType: 'S' });
      const KeySchema = [
        { AttributeName: 'by_name', KeyType: 'HASH' },
        { AttributeName: 'id', KeyType: 'RANGE' },
      ];
      properties.GlobalSecondaryIndexes = [{ IndexName: 'by_name', KeySchema, Projection: { ProjectionType: 'ALL' } }];
    });
    const changed = await start(indexed);
    await changed.idle();
    expect(await versionIn(changed, lenient, 'kept')).toBe(1);

    const rekeyed = copyAssembly(assembly, join(folder, 'rekeyed'), ({ stack, type, properties }) => {
      if (stack !== 'lenient' || type !== 'AWS::DynamoDB::Table') return;
      properties.AttributeDefinitions = [{ AttributeName: 'other', AttributeType: 'S' }];
      properties.KeySchema = [{ AttributeName: 'other', KeyType: 'HASH' }];
      delete properties.GlobalSecondaryIndexes;
    });
    await expect(start(rekeyed)).rejects.toThrow(/holds data under the key HASH pk S, RANGE id S/);
    cloud = undefined;
    expect(await versionIn(await start(), lenient, 'kept')).toBe(1);
  });

  test('a cache that is added later gets its table and subscription, and the tables before keep their data', async () => {
    const assembly = await assemblyOf(APP);
    const without = copyAssembly(assembly, join(folder, 'without'), () => undefined);
    const manifest = join(without, 'manifest.json');
    const read = JSON.parse(readFileSync(manifest, 'utf8'));
    delete read.artifacts.strict;
    const { writeFileSync } = await import('node:fs');
    writeFileSync(manifest, JSON.stringify(read));
    const first = await start(without);
    await put(first, 'old');
    await first.idle();
    const second = await start();
    expect(await versionIn(second, lenient, 'old')).toBe(1);
    await put(second, 'new');
    await second.idle();
    expect(await versionIn(second, strict, 'new')).toBe(1);
  });
});

describe('the journal of kept messages', () => {
  test('a line that was cut off by a kill is ignored, and the lines before it count', () => {
    const kept = openKeptState(folder);
    const stored = { messageId: 'm1', body: 'x', messageAttributes: {}, groupId: 'g', sentAtMs: 1, arrivedAtMs: 1 };
    kept.queue('q').journal.added(stored as never, 0);
    kept.positions('mapping').set('shard', '7');
    kept.close();
    appendFileSync(join(folder, 'state.jsonl'), '{"t":"gone","queue":"q","i');
    const again = openKeptState(folder);
    expect(again.queue('q').messages.map(({ messageId }) => messageId)).toEqual(['m1']);
    expect(again.positions('mapping').get('shard')).toBe('7');
    again.queue('q').journal.gone('m1');
    again.close();
    expect(openKeptState(folder).queue('q').messages).toEqual([]);
    expect(readFileSync(join(folder, 'state.jsonl'), 'utf8')).not.toContain('m1');
  });
});
