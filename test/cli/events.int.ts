import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HEARTBEAT_ID } from '../../core/entity.ts';
import { startHere } from '../support/command-line.ts';
import { bodyOf, type Depot, expectRefusal, item, startDepot } from './depot/world.ts';

/** An id that a query or a terminal could take for something else. */
const HOSTILE = 'a "quoted" id/ | limit 1 .*(b|c)[d]{2}\\ \u001b[2J é';

interface Told {
  readonly cache: string;
  readonly events: readonly {
    readonly time: string;
    readonly id: string;
    readonly version: number | null;
    readonly outcome: string;
    readonly reason: string | null;
    readonly leadTimeMs: number | null;
  }[];
}

let depot: Depot;
const slow = { timeout: 60_000 };

beforeAll(async () => {
  depot = await startDepot();
  const put = (id: string, name: string) => depot.owner.owner.put('Item', id, { name });
  await put('one', 'first');
  await put(HOSTILE, 'hostile');
  await depot.cloud.idle();
  await put('one', 'second');
  await depot.cloud.idle();
  await depot.send('lenient', 'bad', 'not JSON');
  await depot.send('lenient', HOSTILE.toUpperCase(), 'not JSON');
  await depot.send('lenient', 'one', bodyOf(item('one', 1, { name: 'first' })));
  await depot.cloud.idle();
}, 120_000);
afterAll(() => depot?.stop());

async function told(...args: readonly string[]) {
  const { code, result } = await depot.json<Told>('events', ...args);
  expect(code).toBe(0);
  return result.events;
}

const brief = (all: Told['events']) => all.map(({ id, version, outcome }) => `${id} ${version} ${outcome}`);

describe('freshet events', slow, () => {
  test('the outcomes of a cache are printed, the newest first, with lead times and without heartbeats', async () => {
    const all = await told('lenient');
    expect(brief(all)).toEqual(
      expect.arrayContaining([
        'bad null parked',
        `${HOSTILE} 1 applied`,
        'null null parked',
        'one 1 applied',
        'one 1 outdated',
        'one 2 applied',
      ]),
    );
    expect(all.map(({ id }) => id)).not.toContain(HEARTBEAT_ID);
    const times = all.map(({ time }) => Date.parse(time));
    expect(times).toEqual(times.toSorted((one, other) => other - one));
    for (const { outcome, leadTimeMs } of all) {
      if (outcome === 'applied') expect(leadTimeMs).toBeGreaterThan(0);
      else expect(leadTimeMs).toBeNull();
    }
  });

  test('the text has a line for each event, which fits into 80 columns', async () => {
    const { code, out } = await depot.run('events', 'lenient', 'Item', 'one');
    expect(code).toBe(0);
    const [head, ...lines] = out.trimEnd().split('\n');
    expect(head).toMatch(/^time \(UTC\) +entity +version +outcome +lead time +trace id$/);
    expect(lines).toEqual([
      expect.stringMatching(/^\d\d-\d\d \d\d:\d\d:\d\d {2}Item\/one +1 {2}outdated +- {2}/),
      expect.stringMatching(/^\d\d-\d\d \d\d:\d\d:\d\d {2}Item\/one +2 {2}applied +\d+ ms {2}/),
      expect.stringMatching(/^\d\d-\d\d \d\d:\d\d:\d\d {2}Item\/one +1 {2}applied +\d+ ms {2}/),
      '3 in the last 1h',
    ]);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
  });

  test('--outcome selects by outcome, and --limit keeps the newest', async () => {
    expect(brief(await told('lenient', '--outcome', 'parked'))).toHaveLength(2);
    expect(brief(await told('lenient', 'Item', 'one', '--outcome', 'outdated,parked'))).toEqual(['one 1 outdated']);
    expect(brief(await told('lenient', 'Item', 'one', '--limit', '2'))).toEqual(['one 1 outdated', 'one 2 applied']);
  });

  test('an id with quotes, spaces and characters of regular expressions is found, also by its hashed group', async () => {
    expect(brief(await told('lenient', 'Item', HOSTILE))).toEqual([`${HOSTILE} 1 applied`]);
    expect(brief(await told('lenient', 'Item', HOSTILE.toUpperCase()))).toEqual(['null null parked']);
    const { out } = await depot.run('events', 'lenient', 'Item', HOSTILE);
    expect(out).not.toMatch(/[^\P{Cc}\n]/u);
  });

  test('an event has the trace in which its owner committed it, shortened in the text', async () => {
    const traceparent = '00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01';
    await depot.send('strict', 'traced', bodyOf({ ...item('traced', 1, { name: 'traced' }), traceparent }));
    await depot.cloud.idle();
    const traceId = '1-5759e988-bd862e3fe1be46a994272793';
    expect(await told('strict', 'Item', 'traced')).toMatchObject([{ outcome: 'applied', traceId }]);
    expect((await depot.run('events', 'strict', 'Item', 'traced')).out).toMatch(/ 1-5\S*…\S+3\n/);
  });

  test('nothing found is said, with the time that was searched and a longer one', async () => {
    const { code, out } = await depot.run('events', 'strict', 'Item', 'nobody', '--since', '10m');
    expect(code).toBe(0);
    expect(out).toMatch(
      /^strict: no event of Item\/nobody ended in the last 10m\. .*\n.*--since 1d strict Item nobody\n$/,
    );
    expect(await told('lenient', '--since', '0s')).toEqual([]);
  });

  test('a redriven event is printed with the outcome that the repair function gave it', async () => {
    await depot.park('strict', 'again', bodyOf(item('again', 4, { name: 'again' })));
    await depot.run('parked', 'redrive', 'strict');
    expect(brief(await told('strict', 'Item', 'again'))).toEqual(['again null applied']);
  });

  test('--follow prints new outcomes as they come, until Ctrl-C', async () => {
    const running = startHere(['events', 'lenient', 'Item', 'followed', '--follow'], depot.folder);
    await expect.poll(() => running.out(), slow).toContain('Waiting for new ones');
    await depot.owner.owner.put('Item', 'followed', { name: 'now' });
    await expect.poll(() => running.out(), slow).toContain('applied');
    running.interrupt();
    const { code, out } = await running.ended;
    expect(code).toBe(0);
    expect(out.match(/Item\/followed +1 {2}applied/g)).toHaveLength(1);
  });

  test.each([
    ['an unknown cache', ['events', 'nobody'], ['"nobody"', 'lenient']],
    ['an unknown outcome', ['events', 'lenient', '--outcome', 'lost'], ['"lost"', 'applied, superseded']],
  ] as const)('%s is refused with exit code 2', async (...refusal) => {
    await expectRefusal(depot, refusal);
  });
});
