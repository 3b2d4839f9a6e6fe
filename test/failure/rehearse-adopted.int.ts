import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createSurveyNotes } from '../../adapters/adopt/surveying.ts';
import type { Deployment } from '../../cli/deployment/deployment.ts';
import type { LocalCloud } from '../../local/cloud.ts';
import { ownerIn } from '../../local/deployed.ts';
import { catalogue } from '../adopt/contracts.ts';
import { openProducts } from '../adopt/products.ts';
import { patience, type Stage, startStage } from './rehearsal/stage.ts';

let stage: Stage;
const slow = { timeout: 180_000 };

beforeAll(async () => {
  stage = await startStage({ app: 'test/failure/rehearsal/adopted-app.ts', fill });
}, 120_000);
afterEach(async () => {
  await stage?.run('rehearse', '--undo');
});
afterAll(() => stage?.stop());

/** Puts an item into the existing table, and waits until the cache has it and the first survey has ended. */
async function fill(cloud: LocalCloud, { clients, cacheNamed }: Deployment): Promise<void> {
  await openProducts(clients.tables).put('bolt', 1);
  const cache = await cacheNamed('basket');
  await vi.waitFor(async () => {
    expect(await cache.records.get({ type: 'Product', id: 'bolt' })).toBeDefined();
    expect((await notes(cloud, clients.tables).read('catalogue'))?.endedAtMs).toBeDefined();
  }, patience);
}

const notes = (cloud: LocalCloud, client: Deployment['clients']['tables']) =>
  createSurveyNotes(client, ownerIn(cloud, catalogue).flowTable);

const runsAgain = (part: 'adopter' | 'surveyor') => () => stage.runAgain(ownerIn(stage.cloud, catalogue)[part]);

describe('alarms on an owner that adopts a table', slow, () => {
  test('adopter-delay, adopter-stopped: a stopped adopter raises both, and its concurrency is removed', () =>
    stage.rehearse(['adopter-delay', 'adopter-stopped'], 'catalogue', runsAgain('adopter')));

  test('survey-overdue: a stopped surveyor raises it, and its concurrency is removed', () =>
    stage.rehearse('survey-overdue', 'catalogue', runsAgain('surveyor')));

  test('survey-mended: a copy whose version does not count from the item raises it, and ends by itself', async () => {
    const version = async () =>
      (await (await stage.deployment.cacheNamed('basket')).records.get({ type: 'Product', id: 'bolt' }))?.version;
    expect(await version()).toBe(1);
    await stage.rehearse('survey-mended', 'catalogue', async () => undefined);
    await vi.waitFor(async () => expect(await version()).toBe(2), patience);
    expect(await stage.run('parked', 'list', 'catalogue')).toMatchObject({
      code: 0,
      out: expect.stringContaining('no parked events'),
    });
  });
});

test('not-published: a change that does not raise the version raises it, and the runbook ends it', slow, async () => {
  const products = openProducts(stage.deployment.clients.tables);
  await products.put('nut', 1);
  await stage.cloud.idle();
  await products.renameInHaste('nut', 'forgotten');
  await stage.alarmIs('ALARM', 'not-published', 'catalogue');
  expect(await stage.run('parked', 'list', 'catalogue')).toMatchObject({
    code: 0,
    out: expect.stringMatching(/Product\/nut.*version-not-raised/s),
  });
  await products.put('nut', 2);
  await stage.freshet('parked', 'discard', 'catalogue', '--reason', 'version-not-raised', '--yes');
  await stage.alarmIs('OK', 'not-published', 'catalogue');
  const cache = await stage.deployment.cacheNamed('basket');
  expect(await cache.records.get({ type: 'Product', id: 'nut' })).toMatchObject({ version: 2 });
});

test('survey-mended is refused while a survey runs, because it may have passed the copy', slow, async () => {
  const { surveyor = '' } = ownerIn(stage.cloud, catalogue);
  const store = notes(stage.cloud, stage.deployment.clients.tables);
  stage.cloud.functions.setReservedConcurrency(surveyor, 0);
  try {
    const { endedAtMs: _, ...note } = (await store.read('catalogue')) ?? expect.fail('no survey has begun');
    expect(await store.write('catalogue', { ...note, seq: note.seq + 1 })).toBe('stored');
    expect(await stage.run('rehearse', 'survey-mended')).toMatchObject({
      code: 2,
      err: expect.stringContaining('a survey of its table runs'),
    });
  } finally {
    stage.cloud.functions.setReservedConcurrency(surveyor, undefined);
  }
});
