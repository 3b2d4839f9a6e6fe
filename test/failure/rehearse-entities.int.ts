import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { REHEARSALS } from '../../cli/commands/rehearse/catalog.ts';
import { root } from '../support/command-line.ts';
import { patience, type Stage, startStage } from './rehearsal/stage.ts';

let stage: Stage;
const slow = { timeout: 180_000 };

beforeAll(async () => {
  stage = await startStage();
}, 120_000);
afterEach(async () => {
  await stage.run('rehearse', '--undo');
});
afterAll(() => stage?.stop());

describe('alarms on a cache', slow, () => {
  test('stalled, behind: a stopped projector raises both, and its concurrency is removed', () =>
    stage.rehearse(['stalled', 'behind'], 'lenient', ({ PROJECTOR }) => stage.runAgain(PROJECTOR)));

  test('staleness: a stopped report function raises it, and its concurrency is removed', () =>
    stage.rehearse('staleness', 'lenient', ({ REPORT }) => stage.runAgain(REPORT)));

  test('inflow-above-outflow: a backlog that nothing processes raises it, and the projector runs again', () =>
    stage.rehearse('inflow-above-outflow', 'lenient', ({ PROJECTOR }) => stage.runAgain(PROJECTOR)));

  test('lead-time: delayed messages raise it, and the delay of the queue is removed', async () => {
    const { owner } = await stage.deployment.ownerOf('Item');
    let changes = 0;
    const change = () => {
      changes += 1;
      void owner.put('Item', 'changing', { name: String(changes) }, { priority: true });
    };
    const changing = setInterval(change, 500);
    try {
      await stage.rehearse('lead-time', 'lenient', ({ QUEUE_URL: QueueUrl }) =>
        stage.deployment.clients.queues.send(
          new SetQueueAttributesCommand({ QueueUrl, Attributes: { DelaySeconds: '0' } }),
        ),
      );
    } finally {
      clearInterval(changing);
    }
  });

  // Before the alarms that an inventory mends, because each inventory that mends something raises this one.
  test('healed: an item that was deleted past the projector raises it, and an inventory finds no other', () =>
    stage.rehearse('healed', 'lenient', () => stage.freshet('reconcile', 'lenient')));

  test('differs: an item of an entity that the owner does not know raises it, and is deleted', () =>
    stage.rehearse('differs', 'lenient', () => stage.freshet('reconcile', 'lenient', '--delete-unknown', '--yes')));

  test('repair-waits: a page that the repair function does not take raises it, and the repair function runs again', () =>
    stage.rehearse('repair-waits', 'lenient', ({ REPAIR }) => stage.runAgain(REPAIR)));

  test('group-stuck: an unreadable item raises it, and an inventory mends the item', () =>
    stage.rehearse('group-stuck', 'lenient', () => stage.freshet('reconcile', 'lenient')));

  test('parked: a message that is not an event raises it, and is discarded', () =>
    stage.rehearse('parked', 'lenient', () =>
      stage.freshet('parked', 'discard', 'lenient', '--reason', 'malformed', '--yes'),
    ));

  test('subscription-dead-letters: an undelivered event raises it, and is redriven', () =>
    stage.rehearse('subscription-dead-letters', 'lenient', () =>
      vi.waitFor(() => stage.freshet('parked', 'redrive', 'lenient', '--reason', 'undelivered'), patience),
    ));

  test('dead-letters: an event that the repair function does not take raises it, and the repair function runs again', () =>
    stage.rehearse('dead-letters', 'lenient', ({ REPAIR }) => stage.runAgain(REPAIR)));

  test('conflicts: another content of a version raises it, and the conflict is discarded', () =>
    stage.rehearse('conflicts', 'lenient', () =>
      stage.freshet('parked', 'discard', 'lenient', '--reason', 'conflict', '--yes'),
    ));
});

describe('alarms on an owner', slow, () => {
  test('relay-delay, stream-use: a stopped relay raises both, and its concurrency is removed', () =>
    stage.rehearse(['relay-delay', 'stream-use'], 'depot', ({ RELAY }) => stage.runAgain(RELAY)));

  test('not-published: an item that createOwner did not write raises it, and its record is discarded', () =>
    stage.rehearse('not-published', 'depot', () =>
      vi.waitFor(() => stage.freshet('parked', 'discard', 'depot', '--reason', 'unreadable', '--yes'), patience),
    ));

  test('reports-missing: a stopped report function raises it, and its concurrency is removed', () =>
    stage.rehearse('reports-missing', 'depot', async () => {
      const { deployed } = await stage.deployment.cacheNamed('lenient');
      await stage.runAgain(deployed.report);
    }));

  test.each([
    'writers-slowed',
    'writers-refused',
  ])('%s: a full queue raises it, and the projector runs again', (alarm) =>
    stage.rehearse(alarm, 'depot', async () => {
      const { deployed } = await stage.deployment.cacheNamed('lenient');
      await stage.runAgain(deployed.projector);
    }));
});

describe('freshet rehearse', slow, () => {
  test('each alarm of the runbook can be provoked or says why not, and its entry names the command', async () => {
    const runbook = await readFile(join(root, 'docs/runbook.md'), 'utf8');
    const entries = runbook.split(/^## /m).slice(1);
    expect(Object.keys(REHEARSALS).sort()).toEqual(entries.map((entry) => entry.split('\n')[0] ?? '').sort());
    for (const entry of entries) {
      const [alarm = ''] = entry.split('\n');
      const rehearsal = REHEARSALS[alarm];
      expect(entry).toContain(
        rehearsal !== undefined && 'because' in rehearsal
          ? "**Rehearse:** this alarm can't be provoked"
          : `**Rehearse:** \`freshet rehearse ${alarm}\``,
      );
    }
  });

  test('rehearse --list shows each alarm, and rehearse refuses what it cannot provoke', async () => {
    const { code, out } = await stage.run('rehearse', '--list');
    expect(code).toBe(0);
    for (const alarm of Object.keys(REHEARSALS)) expect(out).toMatch(new RegExp(`^${alarm} \\(`, 'm'));
    expect(await stage.run('rehearse', 'throttles')).toMatchObject({
      code: 2,
      err: expect.stringContaining('never throttles'),
    });
    expect(await stage.run('rehearse', 'nothing')).toMatchObject({
      code: 2,
      err: expect.stringContaining('no alarm "nothing"'),
    });
    expect(await stage.run('rehearse', 'survey-mended', 'depot')).toMatchObject({
      code: 2,
      err: expect.stringContaining('it adopts no table'),
    });
    expect(await stage.run('rehearse', 'facts-delayed')).toMatchObject({
      code: 2,
      err: expect.stringContaining('sales, billing'),
    });
    expect(await stage.run('rehearse', 'stalled', 'nobody')).toMatchObject({
      code: 2,
      err: expect.stringContaining('"nobody"'),
    });
  });

  test('rehearse --undo takes back what the rehearsals did, the last one first', async () => {
    const { projector } = (await stage.deployment.cacheNamed('lenient')).deployed;
    await stage.run('rehearse', 'stalled', 'lenient');
    await stage.run('rehearse', 'conflicts', 'lenient');
    expect(stage.cloud.functions.functions().find(({ name }) => name === projector)).toMatchObject({ stopped: true });
    const { out } = await stage.run('rehearse', '--undo');
    expect(out).toBe('conflicts at lenient: taken back\nstalled at lenient: taken back\n');
    expect(stage.cloud.functions.functions().find(({ name }) => name === projector)).toMatchObject({ stopped: false });
    expect((await stage.run('rehearse', '--undo')).out).toContain('there is no rehearsal');
  });
});
