import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeleteItemCommand, type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { snsClient } from '../../adapters/aws/clients.ts';
import { keyItem } from '../../adapters/aws/items.ts';
import { createReader } from '../../adapters/read/cache-table.ts';
import { createPublisher } from '../../adapters/relay/topic.ts';
import { createSelfRepairNotes } from '../../cli/clients/self-repair.ts';
import { localFileOf, writeLocalFile } from '../../cli/deployment/local-file.ts';
import { outgoingMessage } from '../../core/relay/message.ts';
import { canonicalState } from '../../core/state.ts';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { cacheIn, cloudClient } from '../../local/deployed.ts';
import { LOCAL_CREDENTIALS } from '../../local/identity.ts';
import { ChangeTopic, LocalCache, ServiceFunction } from '../../package/cdk.ts';
import type { SourceEntity } from '../../package/index.ts';
import { removeFolders, temporaryFolder } from '../local/provision/assembly-fixture.ts';
import { root, runHere } from '../support/command-line.ts';
import { setTestCredentials } from '../support/credentials.ts';
import workshop, { parts } from './contracts.ts';
import { row, TABLE } from './table.ts';

/** More than one page of a backfill. */
const IDS = Array.from({ length: 300 }, (_, n) => `part-${n}`);
const LONG_AGO = '2026-01-01T00:00:00.000Z';

let cloud: LocalCloud;
let client: DynamoDBClient;
let reader: ReturnType<typeof createReader<typeof workshop>>;
let notes: ReturnType<typeof createSelfRepairNotes>;
const logged: string[] = [];

/** An owner with a table of its own, and a cache. Returns the folder of the assembly. */
function synthesised(): string {
  const app = new App({ outdir: join(temporaryFolder(), 'cdk.out'), analyticsReporting: false });
  const stack = new Stack(app, 'Parts');
  const table = new Table(stack, 'Table', {
    partitionKey: { name: 'type', type: AttributeType.STRING },
    sortKey: { name: 'id', type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
  });
  const owner = new ChangeTopic(stack, 'Owner', { boundary: parts });
  const answers = new ServiceFunction(stack, 'Answers', {
    file: new URL('functions/answers.ts', import.meta.url),
    timeout: Duration.seconds(60),
    environment: { [TABLE]: table.tableName },
  });
  table.grantReadData(answers);
  owner.answerWith(answers);
  owner.grantPublish(new ServiceFunction(stack, 'Publish', { file: new URL('functions/publish.ts', import.meta.url) }));
  new CfnOutput(stack, 'TableName', { value: table.tableName });
  new CfnOutput(stack, 'TopicArn', { value: owner.topic.topicArn });
  new LocalCache(new Stack(app, 'Workshop'), 'Cache', { boundary: workshop, sources: [owner] });
  return app.synth().directory;
}

/** Copies an assembly without the stack of the cache. */
function withoutCache(assembly: string): string {
  const copy = temporaryFolder();
  cpSync(assembly, copy, { recursive: true });
  const manifest = join(copy, 'manifest.json');
  const { artifacts, ...rest } = JSON.parse(readFileSync(manifest, 'utf8'));
  const { Workshop: _, ...others } = artifacts;
  writeFileSync(manifest, JSON.stringify({ ...rest, artifacts: others }));
  return copy;
}

beforeAll(async () => {
  setTestCredentials();
  const assembly = synthesised();
  cloud = await startLocalCloud({
    assembly: withoutCache(assembly),
    onLog: (_, line) => logged.push(line),
  });
  client = cloudClient(cloud);
  await Promise.all(IDS.map((id) => commit({ id, version: 3, state: { name: id }, changedAt: LONG_AGO })));
  await commit({ id: 'gone', version: 4, state: undefined, changedAt: LONG_AGO });
  await cloud.apply(assembly);
  const tableName = cacheIn(cloud, workshop).table;
  reader = createReader({ boundary: workshop, client, tableName });
  notes = createSelfRepairNotes({ client, tableName });
}, 60_000);
afterAll(async () => {
  client?.destroy();
  await cloud?.stop();
  removeFolders();
});

const output = (name: string) => cloud.outputs.Parts?.[name] ?? '';
const functionNamed = (part: string) => cloud.functions.functions().find(({ name }) => name.includes(part))?.name ?? '';

/** Stores a version in the owner's table, and publishes nothing. */
async function commit(entity: SourceEntity): Promise<void> {
  await client.send(new PutItemCommand({ TableName: output('TableName'), Item: row(entity) }));
}

/** Removes an entity from the cache, past its projector. */
async function lose(id: string): Promise<void> {
  const { table } = cacheIn(cloud, workshop);
  await client.send(new DeleteItemCommand({ TableName: table, Key: keyItem({ type: 'Part', id }) }));
}

/** A folder in which commands find the cloud. */
function folderOfCommands(): string {
  const folder = temporaryFolder();
  const file = localFileOf(cloud);
  const here = 'test/own-database';
  writeLocalFile(folder, { ...file, deployed: file.deployed.map((value) => value.replace(here, join(root, here))) });
  return folder;
}

async function inventory() {
  const result = await cloud.functions.invoke(cacheIn(cloud, workshop).repair, {
    operation: 'inventory',
    type: 'Part',
    heals: true,
  });
  expect(result).toMatchObject({ ok: true, payload: { isNew: true } });
  await expect.poll(async () => (await notes.inventory('Part'))?.endedAt, { timeout: 30_000 }).toBeDefined();
  return notes.inventory('Part');
}

describe('a cache of an owner with a database of its own', { timeout: 60_000 }, () => {
  test('the cache fills itself with all entities, deleted ones included, and becomes ready', async () => {
    await cloud.tick();
    await expect
      .poll(() => reader.readiness('Part'), { timeout: 30_000 })
      .toMatchObject({ status: 'ready', sent: IDS.length + 1 });
    for (const id of ['part-0', 'part-299']) {
      expect(await reader.get('Part', id)).toMatchObject({
        status: 'found',
        version: 3,
        changedAt: LONG_AGO,
        value: { name: id, price: 1 },
      });
    }
    expect(await reader.get('Part', 'gone')).toMatchObject({ status: 'deleted', version: 4 });
  });

  test('a published version equals the answer about it, so freshet reconcile finds no difference', async () => {
    const entity = { id: 'part-1', version: 4, state: { name: 'published' } };
    await commit({ ...entity, changedAt: LONG_AGO });
    const published = await cloud.functions.invoke(functionNamed('Publish'), entity);
    expect(published).toMatchObject({ ok: true });
    await cloud.idle();
    expect(await reader.get('Part', 'part-1')).toMatchObject({ version: 4, value: { name: 'published', price: 1 } });
    expect(await runHere(['reconcile', 'workshop'], folderOfCommands())).toEqual({
      code: 0,
      out: `workshop Part: ${IDS.length + 1} compared, no difference\nworkshop equals its owners\n`,
      err: '',
    });
  });

  test('an inventory finds and heals what the cache lost or never got, but not what only the cache has', async () => {
    const orphan = { id: 'orphan', version: 1, state: { name: 'orphan' } };
    expect(await cloud.functions.invoke(functionNamed('Publish'), orphan)).toMatchObject({ ok: true });
    await cloud.idle();
    await lose('part-2');
    await commit({ id: 'part-3', version: 9, state: { name: 'never published' }, changedAt: LONG_AGO });
    const { found, healed, unhealed } = (await inventory()) ?? {};
    expect({ found, healed, unhealed }).toMatchObject({
      found: { missing: 1, behind: 1, unknown: 0 },
      healed: { missing: 1, behind: 1 },
      unhealed: 0,
    });
    expect(await reader.get('Part', 'orphan')).toMatchObject({ status: 'found' });
    expect(await reader.get('Part', 'part-2')).toMatchObject({ status: 'found', version: 3 });
    expect(await reader.get('Part', 'part-3')).toMatchObject({ version: 9, value: { name: 'never published' } });
  });

  test('a gap is healed with the current state', async () => {
    const changedAt = new Date().toISOString();
    const versions = [4, 5].map((version) => {
      const { json, digest } = canonicalState(
        { type: 'Part', id: 'part-5' },
        { name: 'x'.repeat(200), price: version },
      );
      return { entity: { type: 'Part', id: 'part-5' }, version, digest, schemaVersion: 1, changedAt, stateJson: json };
    });
    const [previous, current] = versions;
    if (current === undefined) throw new Error('there are two versions');
    await commit({ id: 'part-5', version: 5, state: JSON.parse(current.stateJson), changedAt });
    const delta = outgoingMessage(parts, current, { publishedAt: changedAt, previous });
    if ('reason' in delta) throw new Error(delta.message);
    const topics = snsClient({ endpoint: cloud.endpoints.sns, region: cloud.region, credentials: LOCAL_CREDENTIALS });
    await createPublisher({ client: topics, topicArn: output('TopicArn') })([delta]);
    topics.destroy();
    await expect
      .poll(() => reader.get('Part', 'part-5'), { timeout: 30_000 })
      .toMatchObject({ version: 5, value: { price: 5 } });
    expect(logged.some((line) => line.includes('"message":"gap"'))).toBe(true);
  });

  test("the owner's functions have the permissions that they need, and no function logged an error", () => {
    const refused = cloud.access.denials.filter(({ caller }) => /Answers|Publish/.test(caller));
    expect(refused).toEqual([]);
    expect(logged.filter((line) => line.includes('"level":"ERROR"') || line.includes('"returned"'))).toEqual([]);
  });
});
