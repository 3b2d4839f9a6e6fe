import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createOwner } from '../../adapters/own/owner-table.ts';
import { createReader } from '../../adapters/read/cache-table.ts';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { cacheIn, cloudClient, ownerIn } from '../../local/deployed.ts';
import lenient from '../cli/depot/lenient.ts';
import depot from '../cli/depot/owner.ts';
import type strict from '../cli/depot/strict.ts';
import { assemblyOf } from '../support/assembly.ts';
import { type ChangeableResource, copyAssembly } from '../support/copy-assembly.ts';

let folder: string;
let assembly: string;
let cloud: LocalCloud;
let copies = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'freshet-apply-'));
  assembly = await assemblyOf('test/cli/depot/app.ts');
  cloud = await startLocalCloud({ assembly });
}, 120_000);
afterAll(async () => {
  await cloud?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Applies a copy of the assembly. @param without stacks that the copy leaves out */
async function apply(change: (resource: ChangeableResource) => void = () => undefined, without: string[] = []) {
  copies += 1;
  const copy = copyAssembly(assembly, join(folder, `copy-${copies}`), change);
  const manifest = join(copy, 'manifest.json');
  const read = JSON.parse(readFileSync(manifest, 'utf8'));
  for (const name of without) delete read.artifacts[name];
  writeFileSync(manifest, JSON.stringify(read));
  return cloud.apply(copy);
}

async function put(id: string): Promise<void> {
  const client = cloudClient(cloud);
  await createOwner({ boundary: depot, client, tableName: ownerIn(cloud, depot).table }).put('Item', id, { name: id });
  client.destroy();
}

async function putAndWait(id: string): Promise<void> {
  await put(id);
  await cloud.idle();
}

async function statusIn(boundary: typeof lenient | typeof strict, id: string) {
  const client = cloudClient(cloud);
  const tableName = cacheIn(cloud, boundary).table;
  const { status } = await createReader({ boundary: boundary as typeof lenient, client, tableName }).get('Item', id);
  client.destroy();
  return status;
}

const isProjector = ({ stack, type, logicalId }: ChangeableResource) =>
  stack === 'lenient' && type === 'AWS::Lambda::Function' && logicalId.includes('Projector');

describe('applying a newer assembly to a running cloud', { timeout: 120_000 }, () => {
  test('an equal assembly in another folder changes nothing, and functions run from the new folder', async () => {
    const coldStarts = () => cloud.functions.functions().reduce((sum, one) => sum + one.coldStarts, 0);
    await putAndWait('a');
    const before = coldStarts();
    expect(await apply()).toEqual({ done: [], left: [] });
    await putAndWait('b');
    expect(await statusIn(lenient, 'b')).toBe('found');
    expect(coldStarts()).toBe(before);
    expect(cloud.functions.definition(cacheIn(cloud, lenient).projector).codeDir).toContain(`copy-${copies}`);
  });

  test('a function with another environment is replaced, and the others go on', async () => {
    const { done, left } = await apply((resource) => {
      if (!isProjector(resource)) return;
      const { Variables } = resource.properties.Environment as { Variables: Record<string, unknown> };
      Variables.ADDED = 'yes';
    });
    expect(left).toEqual([]);
    expect(done).toEqual([expect.stringMatching(/^changed lenient\/CacheProjector\w+ \(AWS::Lambda::Function\)$/)]);
    expect(cloud.functions.definition(cacheIn(cloud, lenient).projector).environment.ADDED).toBe('yes');
    await putAndWait('c');
    expect(await statusIn(lenient, 'c')).toBe('found');
  });

  test('a function with other code runs the new code', async () => {
    const before = cloud.functions.definition(cacheIn(cloud, lenient).report).codeDir;
    await apply();
    copies += 1;
    const copy = join(folder, `copy-${copies}`);
    cpSync(assembly, copy, { recursive: true });
    const asset = before.slice(before.lastIndexOf('/') + 1);
    const changed = `asset.${'0'.repeat(64)}`;
    cpSync(join(copy, asset), join(copy, changed), { recursive: true });
    for (const name of readdirSync(join(copy, changed)))
      writeFileSync(join(copy, changed, name), "export const handler = async () => 'new code';");
    const template = join(copy, 'lenient.template.json');
    const hash = asset.slice('asset.'.length);
    const isReport = (text: string) => text.replaceAll(hash, '0'.repeat(64));
    writeFileSync(template, isReport(readFileSync(template, 'utf8')));
    await cloud.apply(copy);
    expect(await cloud.functions.invoke(cacheIn(cloud, lenient).report, {})).toEqual({ ok: true, payload: 'new code' });
    await apply();
    expect(await cloud.functions.invoke(cacheIn(cloud, lenient).report, {})).not.toMatchObject({ payload: 'new code' });
  });

  test('a cache that is removed and added again stops and continues, and its table stays with its data', async () => {
    const removed = await apply(undefined, ['strict']);
    expect(removed.done).toContainEqual(expect.stringMatching(/^removed strict\/\w+ \(AWS::SNS::Subscription\)$/));
    expect(removed.left).toContainEqual(
      expect.stringMatching(
        /^strict\/\w+ \(AWS::DynamoDB::Table\) was removed from the app. It stays until a restart$/,
      ),
    );
    await putAndWait('without-strict');
    expect(await statusIn(lenient, 'without-strict')).toBe('found');
    expect(cloud.functions.functions().some(({ name }) => name.startsWith('strict-'))).toBe(false);
  });

  test('an index and a time to live are added to a table with data, and another key is left until a restart', async () => {
    const isTable = ({ stack, type, logicalId }: ChangeableResource) =>
      stack === 'lenient' && type === 'AWS::DynamoDB::Table' && !logicalId.includes('Parking');
    const { done } = await apply(
      (resource) => {
        if (!isTable(resource)) return;
        const { properties } = resource;
        (properties.AttributeDefinitions as object[]).push({ AttributeName: 'by_name', AttributeType: 'S' });
        const KeySchema = [{ AttributeName: 'by_name', KeyType: 'HASH' }];
        properties.GlobalSecondaryIndexes = [
          { IndexName: 'by_name', KeySchema, Projection: { ProjectionType: 'ALL' } },
        ];
      },
      ['strict'],
    );
    expect(done).toContainEqual(expect.stringMatching(/^changed lenient\/\w+ \(AWS::DynamoDB::Table\)$/));
    expect(await statusIn(lenient, 'a')).toBe('found');
    const { left } = await apply(
      (resource) => {
        if (!isTable(resource)) return;
        resource.properties.AttributeDefinitions = [{ AttributeName: 'other', AttributeType: 'S' }];
        resource.properties.KeySchema = [{ AttributeName: 'other', KeyType: 'HASH' }];
        delete resource.properties.GlobalSecondaryIndexes;
      },
      ['strict'],
    );
    expect(left).toContainEqual(expect.stringContaining('holds data under the key HASH pk S, RANGE id S'));
    expect(await statusIn(lenient, 'a')).toBe('found');
  });

  test('a policy that the app no longer grants is revoked', async () => {
    await apply(
      ({ stack, type, logicalId, properties }) => {
        if (stack !== 'lenient' || type !== 'AWS::IAM::Policy' || !logicalId.includes('Projector')) return;
        const document = properties.PolicyDocument as { Statement: { Action: unknown }[] };
        document.Statement = document.Statement.filter(({ Action }) => !JSON.stringify(Action).includes('dynamodb'));
      },
      ['strict'],
    );
    await put('refused');
    await vi.waitFor(
      () =>
        expect(cloud.access.denials.map(({ action }) => action)).toContainEqual(expect.stringMatching(/^dynamodb:/)),
      { timeout: 20_000 },
    );
  }, 60_000);
});
