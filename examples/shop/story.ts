import type { CommitResult } from 'freshet-aws';
import { publishEvent, type Stage, type Story, type StoryCache } from 'freshet-local';
import geography from './geography/contracts.ts';
import { countries, currencies, type Row } from './geography/releases.ts';

/** Time between two changes of the owner, and between two looks at a cache that fills itself. */
const LOOK_MS = 100;

/** A span that is longer than the story. */
const SPAN_MS = 3_600_000;

/** Real reference data with real history travels from its owner into two caches, and then into a third. */
const story: Story = async (stage) => {
  await olderRelease(stage);
  await newerRelease(stage);
  await oldEventReturns(stage);
  await ownerStopped(stage);
  await thirdCache(stage);
};

export default story;

async function olderRelease(stage: Stage): Promise<void> {
  stage.report.heading('The owner, geography, loads countries and the older release of the currencies');
  await load(stage, 'Country', countries(), 'world-countries 5.1.0');
  await load(stage, 'Currency', currencies('2.1.0'), 'currency-codes 2.1.0');
  await arrived(stage);
}

async function newerRelease(stage: Stage): Promise<void> {
  const { deployment, report } = stage;
  report.heading('The newer release arrives: new, changed and withdrawn currencies');
  const rows = currencies('2.2.0');
  await load(stage, 'Currency', rows, 'currency-codes 2.2.0');
  const listed = new Set(rows.map(({ id }) => id));
  const withdrawn = currencies('2.1.0').filter(({ id }) => !listed.has(id));
  const { owner } = await deployment.ownerOf('Currency');
  for (const { id } of withdrawn) await owner.delete('Currency', id);
  report.step(`currency-codes 2.2.0: ${withdrawn.length} deleted: ${withdrawn.map(({ id }) => id).join(', ')}`);
  await arrived(stage);
  const { reader } = await deployment.cacheNamed('ordering');
  for (const { id } of withdrawn) {
    const { status } = await reader.get('Currency', id);
    claim(status === 'deleted', `Currency/${id} should be deleted in ordering, but is ${status}`);
  }
  report.step(`ordering has ${withdrawn.map(({ id }) => id).join(', ')} as deleted`);
}

/** Publishes version 1 of a currency that has a newer version, as a redrive or a late delivery would. */
async function oldEventReturns({ deployment, cloud, report }: Stage): Promise<void> {
  report.heading('An old event comes again, as after a redrive');
  const before = await outdatedEvents(deployment);
  const row = currencies('2.1.0').find(({ id }) => id === 'EUR');
  if (row === undefined) throw new Error('EUR is missing from currency-codes 2.1.0');
  await publishEvent(cloud, geography, { type: 'Currency', id: row.id, version: 1, state: row.state });
  await cloud.idle();
  const outdated = (await outdatedEvents(deployment)) - before;
  const { reader } = await deployment.cacheNamed('ordering');
  const current = await reader.get('Currency', 'EUR');
  claim(outdated === 1, `one event should be outdated, not ${outdated}`);
  claim(current.status === 'found' && current.version > 1, 'ordering should still hold the newer EUR');
  report.step(`Currency/EUR version 1 sent again: outdated; ordering still holds version ${current.version}`);
}

/**
 * The relay is the owner's only function in the pipeline. While it is stopped, no event leaves the owner, and the
 * caches still answer.
 */
async function ownerStopped({ deployment, cloud, report }: Stage): Promise<void> {
  report.heading("The owner's functions are stopped; its caches still answer");
  const { deployed, owner } = await deployment.ownerOf('Country');
  const { reader } = await deployment.cacheNamed('ordering');
  const country = await owner.get('Country', 'CH');
  const version = country?.version ?? 0;
  const state = country?.state ?? {};
  cloud.functions.setReservedConcurrency(deployed.relay, 0);
  try {
    await owner.put('Country', 'CH', { ...state, capital: ['Bern (Bundesstadt)'] });
    const answer = await reader.get('Country', 'CH');
    claim(
      answer.status === 'found' && answer.version === version,
      'ordering should answer with the version that it holds',
    );
    const europe = await reader.listBy('Country', 'region', 'Europe', { limit: 1000 });
    claim(europe.items.length > 0, 'ordering should list the countries of Europe');
    report.step(
      `ordering answers Country/CH at version ${version} and lists ${europe.items.length} countries of Europe, ` +
        `while version ${version + 1} waits in the owner's stream`,
    );
    await owner.put('Country', 'CH', state);
  } finally {
    cloud.functions.setReservedConcurrency(deployed.relay, undefined);
  }
  await cloud.idle();
  const caughtUp = await reader.get('Country', 'CH');
  const reached = 'version' in caughtUp ? caughtUp.version : 0;
  claim(reached === version + 2, `ordering should have caught up, but holds version ${reached}`);
  report.step(`the functions run again: ordering has caught up to version ${reached}`);
}

/**
 * A third service comes later. One deployment adds its cache, which asks the owner for everything that it has. The
 * owner goes on with its work, and the other caches receive nothing of this.
 */
async function thirdCache({ deployment, deploy, cloud, report }: Stage): Promise<void> {
  report.heading('A third service is deployed; its cache fills itself while the owner goes on');
  const { owner } = await deployment.ownerOf('Country');
  const country = await owner.get('Country', 'CH');
  const state = country?.state ?? {};
  let changes = 0;
  let goesOn = true;
  const changing = (async () => {
    for (; goesOn; changes += 1) {
      await owner.put('Country', 'CH', { ...state, capital: [changes % 2 === 0 ? 'Bern' : 'Bern (Bundesstadt)'] });
      await pause();
    }
  })();
  const { reader } = await (await deploy({ support: 'true' })).cacheNamed('support');
  report.step('the stack Support is deployed: a queue, a table and three functions');
  for (const type of ['Country', 'Currency']) {
    const filled = await ready(reader, type);
    report.step(`support has filled itself with ${filled} of ${type}`);
  }
  goesOn = false;
  await changing;
  await owner.put('Country', 'CH', state);
  await cloud.idle();
  report.step(`meanwhile the owner changed Country/CH ${changes} times`);
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LOOK_MS));
}

/** Waits until a cache is ready with a type. Returns how many entities its owner sent. */
async function ready(reader: StoryCache['reader'], type: string): Promise<number> {
  for (;;) {
    const readiness = await reader.readiness(type);
    if (readiness.status === 'ready') return readiness.sent;
    await pause();
  }
}

async function load({ deployment, report }: Stage, type: string, rows: readonly Row[], source: string): Promise<void> {
  const { owner } = await deployment.ownerOf(type);
  const counts = new Map<CommitResult['outcome'], number>();
  // One after another, as a service writes. Many at once would be a backlog, and the lead time the time in it.
  for (const [index, row] of rows.entries()) {
    const { outcome } = await owner.put(type, row.id, row.state);
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    report.progress(source, index + 1, rows.length);
  }
  const summary = [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', ');
  report.step(`${source}: ${rows.length} of ${type}: ${summary}`);
}

async function arrived({ cloud, report }: Stage): Promise<void> {
  await cloud.idle();
  report.step('every change has passed the stream, the topic, the queues and the projectors');
}

/** The outdated events of both caches. */
async function outdatedEvents(deployment: Stage['deployment']): Promise<number> {
  const counts = ['ordering', 'warehouse'].map(async (name) => {
    const cache = await deployment.cacheNamed(name);
    return (await cache.outcomes(SPAN_MS)).outdated;
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

function claim(holds: boolean, message: string): asserts holds {
  if (!holds) throw new Error(`the story's claim doesn't hold: ${message}`);
}
