import { PublishCommand } from '@aws-sdk/client-sns';
import { snsClient } from '../../adapters/aws/clients.ts';
import { TYPE_ATTRIBUTE } from '../../adapters/relay/topic.ts';
import { cacheNamed, ownerOf } from '../../cli/session.ts';
import { gatherStatus } from '../../cli/status/gather.ts';
import type { Stage, Story } from '../../cli/story.ts';
import { deduplicationId, messageGroupId } from '../../core/entity.ts';
import { serialiseEvent } from '../../core/event.ts';
import type { CommitResult } from '../../core/own/own.ts';
import { canonicalState } from '../../core/state.ts';
import { countries, currencies, type Row } from './geography/releases.ts';

/** Commits that are under way at once while a data set loads. */
const WRITERS = 16;

/** Longer than the story takes. */
const SPAN_MS = 3_600_000;

/** Real reference data with real history travels from its owner into two caches. */
const story: Story = async (stage) => {
  await olderRelease(stage);
  await newerRelease(stage);
  await oldEventReturns(stage);
  await ownerStopped(stage);
};

export default story;

async function olderRelease(stage: Stage): Promise<void> {
  stage.report.heading('The owner, geography, loads countries and the older release of the currencies');
  await load(stage, 'Country', countries(), 'world-countries 5.1.0');
  await load(stage, 'Currency', currencies('2.1.0'), 'currency-codes 2.1.0');
  await arrived(stage);
}

async function newerRelease(stage: Stage): Promise<void> {
  const { session, report } = stage;
  report.heading('The newer release arrives: new, changed and withdrawn currencies');
  const rows = currencies('2.2.0');
  await load(stage, 'Currency', rows, 'currency-codes 2.2.0');
  const listed = new Set(rows.map(({ id }) => id));
  const withdrawn = currencies('2.1.0').filter(({ id }) => !listed.has(id));
  for (const { id } of withdrawn) await ownerOf(session, 'Currency').owner.delete('Currency', id);
  report.step(`currency-codes 2.2.0: ${withdrawn.length} deleted: ${withdrawn.map(({ id }) => id).join(', ')}`);
  await arrived(stage);
  const { reader } = cacheNamed(session, 'ordering');
  for (const { id } of withdrawn) {
    const { status } = await reader.get('Currency', id);
    claim(status === 'deleted', `ordering should say that Currency/${id} is deleted, but says ${status}`);
  }
  report.step(`ordering says that ${withdrawn.map(({ id }) => id).join(', ')} are deleted`);
}

/** Version 1 of a currency that has moved on is published once more, as a redrive or a late delivery would. */
async function oldEventReturns({ session, cloud, report }: Stage): Promise<void> {
  report.heading('An old event comes again, as after a redrive');
  const { deployed, boundary } = ownerOf(session, 'Currency');
  const counted = { sinceMs: SPAN_MS, countEntities: false };
  const before = await gatherStatus(session.watched, counted);
  const row = currencies('2.1.0').find(({ id }) => id === 'EUR');
  if (row === undefined) throw new Error('EUR is missing from currency-codes 2.1.0');
  const entity = { type: 'Currency', id: row.id };
  const { json, digest } = canonicalState(entity, row.state);
  const changedAt = new Date().toISOString();
  const event = {
    entity,
    version: 1,
    digest,
    owner: boundary.name,
    schemaVersion: 1,
    changedAt,
    publishedAt: changedAt,
  };
  const client = snsClient({ endpoint: session.url });
  await client.send(
    new PublishCommand({
      TopicArn: deployed.topicArn,
      Message: serialiseEvent({ kind: 'state', ...event }, json),
      MessageGroupId: messageGroupId(entity),
      // The topic would take the same deduplication id for a duplicate and deliver nothing.
      MessageDeduplicationId: `${deduplicationId(entity, 1)}~again`,
      MessageAttributes: { [TYPE_ATTRIBUTE]: { DataType: 'String', StringValue: entity.type } },
    }),
  );
  client.destroy();
  await cloud.idle();
  const after = await gatherStatus(session.watched, counted);
  const outdated = total(after.caches, 'outdated') - total(before.caches, 'outdated');
  const current = await cacheNamed(session, 'ordering').reader.get('Currency', 'EUR');
  claim(outdated === 1, `one event should be outdated, but ${outdated} are`);
  claim(current.status === 'found' && current.version > 1, 'ordering should still hold the newer EUR');
  report.step(
    `Currency/EUR version 1 sent again: outdated; ordering still holds version ${'version' in current ? current.version : '?'}`,
  );
}

/** The relay is the owner's only function: with it stopped the owner is silent, and caches go on answering. */
async function ownerStopped({ session, cloud, report }: Stage): Promise<void> {
  report.heading("The owner's functions are stopped; its caches still answer");
  const { deployed, owner } = ownerOf(session, 'Country');
  const { reader } = cacheNamed(session, 'ordering');
  const country = await owner.get('Country', 'CH');
  const state = JSON.parse(country?.stateJson ?? '{}');
  cloud.functions.setReservedConcurrency(deployed.relay, 0);
  try {
    await owner.put('Country', 'CH', { ...state, capital: ['Bern (Bundesstadt)'] });
    const answer = await reader.get('Country', 'CH');
    claim(
      answer.status === 'found' && answer.version === country?.version,
      'ordering should answer with the version it has',
    );
    const europe = await reader.listBy('Country', 'region', 'Europe', { limit: 1000 });
    claim(europe.items.length > 0, 'ordering should list the countries of Europe');
    report.step(
      `ordering answers Country/CH at version ${country?.version} and lists ${europe.items.length} countries of Europe, while version ${(country?.version ?? 0) + 1} waits in the owner's stream`,
    );
    await owner.put('Country', 'CH', state);
  } finally {
    cloud.functions.setReservedConcurrency(deployed.relay, undefined);
  }
  await cloud.idle();
  const caughtUp = await reader.get('Country', 'CH');
  const version = 'version' in caughtUp ? caughtUp.version : 0;
  claim(version === (country?.version ?? 0) + 2, `ordering should have caught up, but holds version ${version}`);
  report.step(`the functions run again: ordering has caught up to version ${version}`);
}

async function load({ session, report }: Stage, type: string, rows: readonly Row[], source: string): Promise<void> {
  const { owner } = ownerOf(session, type);
  const counts = new Map<CommitResult['outcome'], number>();
  let next = 0;
  let done = 0;
  const writer = async (): Promise<void> => {
    for (let row = rows[next++]; row !== undefined; row = rows[next++]) {
      const { outcome } = await owner.put(type, row.id, row.state);
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
      report.progress(source, ++done, rows.length);
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
  const summary = [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', ');
  report.step(`${source}: ${rows.length} of ${type}: ${summary}`);
}

async function arrived({ cloud, report }: Stage): Promise<void> {
  await cloud.idle();
  report.step('every change has gone through stream, topic, queues and projectors');
}

function total<K extends string>(rows: readonly Record<K, number>[], key: K): number {
  return rows.reduce((sum, row) => sum + row[key], 0);
}

function claim(held: boolean, message: string): asserts held {
  if (!held) throw new Error(`the story's claim didn't hold: ${message}`);
}
