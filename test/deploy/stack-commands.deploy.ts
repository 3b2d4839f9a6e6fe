import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { runCommand } from '../../cli/main.ts';
import { commandIo } from '../support/command-io.ts';
import { root, startHere } from '../support/command-line.ts';
import { gapsOfEndpoint } from './gaps/gaps.ts';
import { ARRIVAL, currency, groupOf, openShop, parkedEventsOf, STACKS } from './shop.ts';

const gaps = await gapsOfEndpoint();
const shop = await openShop(process.env.DEPLOYED_ASSEMBLY ?? '');
const { ordering } = shop;
/** A folder without contracts, as on any laptop. */
const elsewhere = mkdtempSync(join(tmpdir(), 'freshet-elsewhere-'));

afterAll(() => {
  shop.close();
  rmSync(elsewhere, { recursive: true });
});

/** Runs a command on the deployed stacks. Fails the test if it ends with an exit code that isn't allowed. */
async function freshet(args: readonly string[], { cwd = root, input = '', codes = [0] } = {}): Promise<string> {
  const io = commandIo({ cwd, stdin: Readable.from(input === '' ? [] : [Buffer.from(input)]) });
  const ended = await runCommand([...args, '--stack', STACKS.join(',')], io);
  if (!codes.includes(ended)) throw new Error(`${args.join(' ')} ended with ${ended}:\n${io.err()}${io.out()}`);
  return io.out();
}

/** What a command prints that ends with exit code 2, as for wrong arguments. */
async function refused(...args: string[]): Promise<string> {
  const io = commandIo({ cwd: root });
  expect(await runCommand([...args, '--stack', STACKS.join(',')], io)).toBe(2);
  return io.err();
}
const fromAnywhere = (...args: string[]) => freshet(args, { cwd: elsewhere });
const data = (name: string) => ['--data', JSON.stringify(currency(name))];
const version = async (id: string) => (await ordering.records.get({ type: 'Currency', id }))?.version;

describe('commands on the deployed stacks', () => {
  test('put, get, import, export and delete work with --stack', async () => {
    expect(await freshet(['put', 'Currency', 'CM1', ...data('one')])).toContain('Currency/CM1 created, version 1');
    const row = JSON.stringify({ code: 'CM2', ...currency('two') });
    expect(await freshet(['import', 'Currency', '-', '--id', 'code', '--json'], { input: `${row}\n` })).toContain(
      '"created":1',
    );
    await expect.poll(() => version('CM1'), ARRIVAL).toBe(1);
    await expect.poll(() => version('CM2'), ARRIVAL).toBe(1);
    expect(await freshet(['get', 'ordering', 'Currency', 'CM1'])).toContain('"name": "one"');
    expect(await freshet(['export', 'ordering', 'Currency'])).toContain('"id":"CM2"');
    expect(await freshet(['delete', 'Currency', 'CM2', '--yes'])).toContain('Currency/CM2 deleted, version 2');
    await expect.poll(() => version('CM2'), ARRIVAL).toBe(2);
  });

  test('backfill makes a deployed cache ready, and reconcile finds it equal to its owner', async () => {
    expect(await freshet(['backfill', 'warehouse'])).toContain('warehouse: Country is ready');
    expect(await freshet(['reconcile', 'warehouse'])).toContain('warehouse');
    await freshet(['restore', 'geography'], { codes: [2] });
  });

  test('resync and release work with --stack and without contracts', async () => {
    expect(await fromAnywhere('resync', 'Currency', 'CM1', '--wait')).toContain('arrived in ordering');
    expect(await fromAnywhere('release', 'ordering', 'Currency', 'CM1')).toContain('was not stopped');
  });

  test('parked list, show, redrive and discard work with --stack and without contracts', async () => {
    const poison = { groupId: groupOf('CM3'), deduplicationId: `poison-${Date.now()}`, body: '{}' };
    await ordering.send([poison]);
    await expect.poll(() => parkedEventsOf(ordering, 'CM3'), ARRIVAL).toMatchObject([{ reason: 'malformed' }]);
    const { events } = JSON.parse(await fromAnywhere('parked', 'list', 'ordering', '--json'));
    const { key } = events.find((event: { key: string }) => event.key.startsWith(`${poison.groupId}/`));
    expect(await fromAnywhere('parked', 'show', 'ordering', key)).toContain('malformed');
    await freshet(['parked', 'redrive', 'ordering', key], { cwd: elsewhere, codes: [1] });
    expect(await fromAnywhere('parked', 'discard', 'ordering', key, '--yes')).toContain('1 event');
    expect(await parkedEventsOf(ordering, 'CM3')).toEqual([]);
  });

  test('why names what is wrong with an entity, and the command that mends it', async () => {
    expect(await freshet(['why', 'ordering', 'Currency', 'CM1'])).toContain('current: ordering has the newest version');
    await shop.removeFromCache(ordering, { type: 'Currency', id: 'CM1' });
    const lost = await freshet(['why', 'ordering', 'Currency', 'CM1', '--json'], { codes: [1] });
    // In the first ten seconds after the change, the event counts as on its way. Later the relay counts as silent,
    // because the emulator has no metrics. test/cli/why.int.ts has the verdicts that need metrics.
    expect(['on-the-way', 'relay-silent']).toContain(JSON.parse(lost).verdict);
    await fromAnywhere('resync', 'Currency', 'CM1', '--wait');
    await expect.poll(() => version('CM1'), ARRIVAL).toBe(1);
  });

  // An emulator without one of the services gives the rest, which the commands name as unread with exit code 2.
  test('status, watch and logs work with --stack', async () => {
    // The exit code is 1 if something needs a person, such as an event that another test parked.
    expect(await freshet(['status', '--json'], { codes: [0, 1, 2] })).toContain('"cache":"ordering"');
    const [first] = (await freshet(['watch', '--count', '1', '--json'])).split('\n');
    expect(JSON.parse(first ?? '').caches.map(({ cache }: { cache: string }) => cache)).toEqual([
      'ordering',
      'warehouse',
    ]);
    await freshet(['logs', 'projector', '--since', '1h']);
  });

  test('events with --stack finds the outcomes of an entity, or says that it finds none, on an emulator that searches no logs', async () => {
    const io = commandIo({ cwd: elsewhere });
    const code = await runCommand(['events', 'ordering', 'Currency', 'CM1', '--stack', STACKS.join(',')], io);
    if (gaps?.searchesLogs === false) expect(io.out() + io.err()).toMatch(/no event|StartQuery/);
    else expect([code, io.out()]).toEqual([0, expect.stringMatching(/Currency\/CM1 +\d/)]);
  });

  test('console with --stack serves the page of the stacks, which it only reads, until Ctrl-C', async () => {
    const running = startHere(['console', '--json', '--stack', STACKS.join(',')], root);
    await vi.waitFor(() => expect(running.out()).toContain('"url"'), { timeout: 60_000 });
    const { url } = JSON.parse(running.out());
    const page = await (await fetch(url)).text();
    const token = /name="freshet-token" content="([\w-]+)"/.exec(page)?.[1] ?? '';
    const asked = (path: string, init: RequestInit = {}) =>
      fetch(new URL(path, url), { ...init, headers: { 'x-freshet-token': token, 'content-type': 'application/json' } });
    expect(await (await asked('/api/deployment')).text()).toContain('"ordering"');
    const body = JSON.stringify({ type: 'Currency', id: 'CM4', stateJson: JSON.stringify(currency('four')) });
    expect((await asked('/api/actions/put', { method: 'POST', body })).status).toBe(403);
    running.interrupt();
    expect(await running.ended).toMatchObject({ code: 0 });
  });

  test('replay and survey say that the stacks have no queue of facts and no adopted table', async () => {
    expect(await refused('replay', 'orders', '--from', '1h')).toMatch(/orders/);
    expect(await refused('survey', 'geography')).toMatch(/geography/);
  });
});
