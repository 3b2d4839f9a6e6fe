// test/conformance tests what AWS documents. These tests are about what `--keep` keeps.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { createMessaging } from '../../../local/fifo/messaging.ts';
import { REPLAY_STEP } from '../../../local/fifo/replay.ts';
import { type KeptState, openKeptState } from '../../../local/keep/kept-state.ts';
import { bodies } from './virtual-account.ts';

const DAY_MS = 86_400_000;
const START_MS = Date.parse('2026-11-23T00:00:00Z');
const RAW = { RawMessageDelivery: 'true' };

const folders: string[] = [];
let open: KeptState | undefined;

afterEach(() => {
  open?.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function keptFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'freshet-archive-'));
  folders.push(folder);
  return folder;
}

const clock = { ms: START_MS };
let ids = 0;

/** An account that continues the state of a folder, as a local cloud that starts again. */
function started(folder: string, archiveDays = '2') {
  open?.close();
  open = openKeptState(folder);
  const messaging = createMessaging({
    now: () => clock.ms,
    newId: () => {
      ids += 1;
      return `id-${ids}`;
    },
    region: 'eu-central-1',
    accountId: '000000000000',
    keptQueue: open.queue,
    keptTopic: open.topic,
  });
  const ArchivePolicy = JSON.stringify({ MessageRetentionPeriod: archiveDays });
  const topic = messaging.createTopic('t.fifo', { FifoTopic: 'true', ArchivePolicy });
  const queue = messaging.createQueue('q.fifo', { FifoQueue: 'true' });
  const subscribe = () => messaging.subscribe(topic.arn, 'sqs', queue.arn, RAW);
  const publish = (message: string) => topic.publish({ message, groupId: message, deduplicationId: message });
  return { messaging, topic, queue, subscribe, publish };
}

const policy = (fromMs: number, toMs?: number) =>
  JSON.stringify({
    PointType: 'Timestamp',
    StartingPoint: new Date(fromMs).toISOString(),
    ...(toMs !== undefined && { EndingPoint: new Date(toMs).toISOString() }),
  });

it('an archive and its beginning outlive a restart, and expired messages are gone', () => {
  clock.ms = START_MS;
  const folder = keptFolder();
  const first = started(folder);
  first.publish('1');
  clock.ms += DAY_MS;
  first.publish('2');
  expect(started(folder).topic.attributes()).toMatchObject({ BeginningArchiveTime: '2026-11-23T00:00:00.000Z' });
  clock.ms += 1.5 * DAY_MS;
  const { topic, queue, subscribe, messaging } = started(folder);
  subscribe().setAttributes({ ReplayPolicy: policy(clock.ms - 2 * DAY_MS) });
  messaging.replays.advance();
  expect(bodies(queue.receive(10))).toEqual(['2']);
  expect(topic.attributes()).toMatchObject({ BeginningArchiveTime: '2026-11-23T12:00:00.000Z' });
});

it('a replay continues after a restart, where it was', () => {
  clock.ms = START_MS;
  const folder = keptFolder();
  const first = started(folder);
  for (let number = 1; number <= REPLAY_STEP + 2; number += 1) first.publish(`${number}`);
  first.subscribe().setAttributes({ ReplayPolicy: policy(START_MS) });
  first.messaging.replays.advance();
  const { messaging, queue, subscribe } = started(folder);
  const subscription = subscribe();
  expect(subscription.attributes()).toMatchObject({ ReplayStatus: 'In progress' });
  messaging.replays.advance();
  expect(subscription.attributes()).toMatchObject({ ReplayStatus: 'Completed' });
  expect(queue.counts().visible).toBe(REPLAY_STEP + 2);
});

it('a replay whose archive expired wholly before a restart still brings later messages', () => {
  clock.ms = START_MS;
  const folder = keptFolder();
  const first = started(folder);
  first.publish('1');
  first.subscribe().setAttributes({ ReplayPolicy: policy(START_MS, START_MS + 9 * DAY_MS) });
  first.messaging.replays.advance();
  clock.ms += 3 * DAY_MS;
  first.messaging.replays.advance();
  const { messaging, queue, subscribe, publish } = started(folder);
  subscribe();
  publish('2');
  messaging.replays.advance();
  expect(bodies(queue.receive(10))).toEqual(['1', '2']);
});

it('a paused subscription is paused after a restart', () => {
  clock.ms = START_MS;
  const folder = keptFolder();
  const first = started(folder);
  clock.ms += 1_000;
  first.subscribe().setAttributes({ ReplayPolicy: policy(START_MS, START_MS + 1) });
  first.messaging.replays.advance();
  const { queue, subscribe, publish } = started(folder);
  expect(subscribe().attributes()).toMatchObject({ ReplayStatus: 'Completed' });
  publish('1');
  expect(queue.counts().visible).toBe(0);
});

it('an archive that the template no longer sets is empty when it is set again', () => {
  clock.ms = START_MS;
  const folder = keptFolder();
  started(folder).publish('1');
  started(folder).topic.setAttributes({ ArchivePolicy: '{}' });
  clock.ms += 1_000;
  const { queue, messaging, subscribe, publish } = started(folder);
  publish('2');
  subscribe().setAttributes({ ReplayPolicy: policy(clock.ms) });
  messaging.replays.advance();
  expect(bodies(queue.receive(10))).toEqual(['2']);
});
