import { describe, expect, test } from 'vitest';
import type { Findings, Parked } from '../../../../cli/commands/why/findings.ts';
import { stationsOf } from '../../../../cli/commands/why/stations.ts';
import { storyOf } from '../../../../cli/commands/why/story.ts';
import { verdictOf } from '../../../../cli/commands/why/verdict.ts';
import { VERDICTS } from '../../../../cli/commands/why/verdict-parts.ts';
import { TOMBSTONE_DIGEST } from '../../../../core/state.ts';

const NOW = Date.parse('2026-11-30T12:00:00.000Z');
const entity = { type: 'Country', id: 'FR' };
const owned = (version: number, ageMs = 60_000) => ({
  entity,
  version,
  digest: `digest ${version}`,
  schemaVersion: 1,
  changedAt: new Date(NOW - ageMs).toISOString(),
  stateJson: '{}',
});
const record = (version: number) => ({
  version,
  digest: `digest ${version}`,
  dataJson: '{}',
  stopMarker: undefined,
  changedAt: new Date(NOW - 120_000).toISOString(),
});
const parked = (
  reason: Parked['reason'],
  version: number | undefined,
  status: Parked['status'] = 'parked',
): Parked => ({
  key: 'Country/FR/1',
  status,
  reason,
  explanation: 'too long',
  version,
  parkedAtMs: NOW - 30_000,
  changedAtMs: NOW - 31_000,
});

type Changes = {
  readonly owner?: Partial<NonNullable<Findings['owner']>> | undefined;
  readonly cache?: Partial<Findings['cache']>;
  readonly difference?: Findings['difference'];
};

/** The owner has version 2, committed a minute ago, and the cache has version 1. */
function behind({ owner = {}, cache = {}, difference = 'behind' }: Changes = {}): Findings {
  return {
    ...entity,
    nowMs: NOW,
    owner: {
      name: 'geography',
      owned: owned(2),
      adopter: undefined,
      hasOutbox: false,
      isRelayStopped: false,
      relayDelayMs: 100,
      parked: [],
      ...owner,
    },
    cache: {
      name: 'ordering',
      keeps: true,
      fields: ['name'],
      onPoison: 'park',
      record: record(1),
      isDamaged: false,
      readiness: { status: 'ready', readyAt: '2026-11-29T00:00:00.000Z', sent: 1 },
      parked: [],
      isProjectorStopped: false,
      backlog: 0,
      drainSeconds: null,
      gaps: 0,
      deadLetters: 0,
      ...cache,
    },
    difference,
  };
}

const missing = (changes: Changes = {}) =>
  behind({ ...changes, cache: { record: undefined, ...changes.cache }, difference: 'missing' });

const deletion = { ...owned(2), digest: TOMBSTONE_DIGEST, stateJson: undefined };
const adopter = { isStopped: false };
const stopMarker = 5;
const DAY_MS = 86_400_000;

/** Each verdict with findings that lead to it, whether it is certain, and a part of what mends it. */
const CASES: readonly (readonly [(typeof VERDICTS)[number], string, Findings, boolean, string])[] = [
  ['current', 'equal', behind({ difference: 'equal' }), true, ''],
  ['deleted', 'a tombstone', behind({ owner: { owned: deletion }, difference: 'equal' }), true, ''],
  [
    'deleted',
    'a deletion that the cache has no record of',
    behind({ owner: { owned: deletion }, cache: { record: undefined }, difference: 'equal' }),
    true,
    '',
  ],
  [
    'unknown',
    'nobody',
    behind({ owner: { owned: undefined }, cache: { record: undefined }, difference: 'equal' }),
    true,
    '',
  ],
  [
    'owner-elsewhere',
    'nobody, without contracts',
    { ...behind({ cache: { keeps: undefined, record: undefined } }), owner: undefined, difference: undefined },
    false,
    '--stack',
  ],
  ['not-kept', 'another type', behind({ cache: { keeps: false } }), true, 'fills itself'],
  ['owner-elsewhere', 'no owner', { ...behind(), owner: undefined, difference: undefined }, true, '--stack'],
  [
    'owner-elsewhere',
    'no owner has had it, without contracts',
    { ...behind({ cache: { keeps: undefined } }), owner: undefined, difference: undefined },
    false,
    '--stack',
  ],
  [
    'unowned',
    'only the cache',
    behind({ owner: { owned: undefined }, difference: 'unowned' }),
    true,
    'reconcile --delete-unknown',
  ],
  ['ahead', 'a restored owner', behind({ difference: 'ahead' }), true, 'docs/restore.md'],
  [
    'different',
    'earlier contracts',
    behind({ difference: 'different', cache: { record: { ...record(2), dataJson: '{"a":1}' } } }),
    true,
    'backfill',
  ],
  ['different', 'another state', behind({ difference: 'different' }), true, 'reconcile'],
  [
    'different',
    'a conflict',
    behind({ difference: 'different', cache: { parked: [parked('conflict', 1)] } }),
    true,
    'conflicts of docs/runbook.md',
  ],
  ['damaged', 'another item', behind({ cache: { record: undefined, isDamaged: true } }), true, 'reconcile'],
  ['stopped', 'a stop marker', behind({ cache: { record: { ...record(1), stopMarker } } }), true, 'release'],
  [
    'stopped',
    'a stop marker, and the owner deleted it',
    behind({ owner: { owned: deletion }, cache: { record: { ...record(0), stopMarker } }, difference: 'equal' }),
    true,
    'release',
  ],
  [
    'stopped',
    'a stop marker, and the owner is elsewhere',
    { ...behind({ cache: { record: { ...record(1), stopMarker } } }), owner: undefined, difference: undefined },
    true,
    'release',
  ],
  ['parked', 'its version', behind({ cache: { parked: [parked('invalid', 2)] } }), true, 'parked redrive'],
  ['parked', 'unreadable', missing({ cache: { parked: [parked('malformed', undefined)] } }), true, 'parked redrive'],
  [
    'parked',
    'and the owner is elsewhere',
    { ...behind({ cache: { parked: [parked('invalid', 2)] } }), owner: undefined, difference: undefined },
    true,
    'parked redrive',
  ],
  [
    'not-published',
    'equal, and a later change of the adopted item is set aside',
    behind({ owner: { adopter, parked: [parked('version-not-raised', undefined)] }, difference: 'equal' }),
    true,
    'raise its version',
  ],
  [
    'not-published',
    'nobody, and the item of the entity is set aside',
    behind({
      owner: { owned: undefined, adopter, parked: [parked('inexact-number', undefined)] },
      cache: { record: undefined },
      difference: 'equal',
    }),
    true,
    'parked discard',
  ],
  [
    'not-published',
    'equal, and a change of the same second is set aside',
    behind({
      owner: { adopter, parked: [{ ...parked('version-not-raised', undefined), changedAtMs: NOW - 60_000 }] },
      difference: 'equal',
    }),
    false,
    'raise its version',
  ],
  [
    'adopter-stopped',
    'equal',
    behind({ owner: { adopter: { isStopped: true } }, difference: 'equal' }),
    false,
    'start the adopter',
  ],
  [
    'adopter-stopped',
    'nobody',
    behind({
      owner: { owned: undefined, adopter: { isStopped: true } },
      cache: { record: undefined },
      difference: 'equal',
    }),
    false,
    'start the adopter',
  ],
  ['not-published', 'its record', behind({ owner: { parked: [parked('too-large', 2)] } }), true, 'resync --wait 30'],
  [
    'relay-stopped',
    'its outbox',
    behind({ owner: { isRelayStopped: true, hasOutbox: true } }),
    false,
    'the outbox keeps the change',
  ],
  ['relay-stopped', 'today', behind({ owner: { isRelayStopped: true } }), false, 'start the relay before'],
  [
    'relay-stopped',
    'for days',
    behind({ owner: { isRelayStopped: true, owned: owned(2, 3 * DAY_MS) } }),
    false,
    'resync --wait 30',
  ],
  [
    'relay-silent',
    'no delay',
    behind({ owner: { relayDelayMs: null, owned: owned(2, 120_000) } }),
    false,
    'logs --errors',
  ],
  ['projector-stopped', 'a backlog', behind({ cache: { isProjectorStopped: true, backlog: 3 } }), false, 'start'],
  [
    'projector-stopped',
    'a deletion that has not arrived',
    behind({
      owner: { owned: deletion },
      cache: { record: undefined, isProjectorStopped: true, backlog: 3 },
      difference: 'equal',
    }),
    false,
    'start',
  ],
  ['in-queue', 'a backlog', behind({ cache: { backlog: 1_200, drainSeconds: 60 } }), false, ''],
  ['in-queue', 'a backlog that does not drain', behind({ cache: { backlog: 1_200 } }), false, 'inflow-above-outflow'],
  ['on-the-way', 'a new change', behind({ owner: { owned: owned(2, 3_000) } }), false, ''],
  ['on-the-way', 'a late relay', behind({ owner: { owned: owned(2, 60_000), relayDelayMs: 40_000 } }), false, ''],
  ['not-filled', 'never filled', missing({ cache: { readiness: { status: 'empty' } } }), false, 'backfill'],
  ['gap', 'a gap', behind({ cache: { gaps: 1 } }), false, 'resync --wait 30'],
  ['dead-letter', 'a dead letter', behind({ cache: { deadLetters: 1 } }), false, 'resync --wait 30'],
  [
    'dead-letter',
    'a dead letter of a cache that was never filled',
    missing({ cache: { deadLetters: 1, readiness: { status: 'empty' } } }),
    false,
    'resync --wait 30',
  ],
  [
    'dead-letter',
    'an old change, while the queue drains in a second',
    behind({ owner: { owned: owned(2, 3 * DAY_MS) }, cache: { backlog: 1, drainSeconds: 1, deadLetters: 5 } }),
    false,
    'resync --wait 30',
  ],
  ['discarded', 'by policy', behind({ cache: { onPoison: 'discard' } }), false, 'logs --since 1d'],
  ['lost', 'nothing is found', behind(), false, 'reconcile'],
];

describe('the verdict on an entity', () => {
  test.each(CASES)('the verdict is %s: %s', (verdict, _, findings, isCertain, mend) => {
    const found = verdictOf(findings);
    expect(found).toMatchObject({ verdict, isCertain });
    expect(JSON.stringify(found.mend)).toContain(mend);
    expect(found.explanation).toMatch(/^[A-Z].*\.$|^[a-z-]+ .*\.$/);
  });

  test('every verdict has findings that lead to it', () => {
    expect(new Set(CASES.map(([verdict]) => verdict))).toEqual(new Set(VERDICTS));
  });

  test.each([
    ['an event of an older version', [parked('invalid', 1)]],
    ['an event that was parked before the change', [{ ...parked('unreadable', undefined), parkedAtMs: NOW - DAY_MS }]],
    ['a held event', [parked('stopped', 2, 'held')]],
  ])('%s is not the cause', (_, events) => {
    expect(verdictOf(behind({ cache: { parked: events } })).verdict).toBe('lost');
    expect(verdictOf(behind({ owner: { parked: events } })).verdict).toBe('lost');
  });
});

describe('the verdict on an adopted entity', () => {
  const setAside = parked('version-not-raised', undefined);

  test.each([
    ['the item has changed since', { ...setAside, changedAtMs: NOW - 2 * 60_000 }],
    ['the record is of the relay', parked('too-large', 2)],
  ])('a set-aside record is not the cause if %s', (_, one) => {
    expect(verdictOf(behind({ owner: { adopter, parked: [one] }, difference: 'equal' })).verdict).toBe('current');
  });

  test('a set-aside change is not the cause why an older version is not in the cache', () => {
    const owner = { adopter, parked: [setAside], isRelayStopped: true };
    expect(verdictOf(behind({ owner })).verdict).toBe('relay-stopped');
  });

  test.each([
    [true, 'STOPPED', 'wrong'],
    [false, 'running', 'fine'],
    [undefined, 'unknown', 'unknown'],
  ])('its way begins with the adopter: stopped is %s', (isStopped, text, state) => {
    const findings = behind({ owner: { adopter: { isStopped } }, difference: 'equal' });
    const [first] = stationsOf(findings, verdictOf(findings));
    expect(first).toEqual({ name: 'adopter', text, state });
  });
});

describe('the story of an entity', () => {
  test('the story has the way from the owner into the cache, the verdict, and the command that mends it', () => {
    const findings = behind({ cache: { parked: [parked('invalid', 2)], backlog: 12, drainSeconds: 4 } });
    const story = storyOf(findings, verdictOf(findings), 'the local cloud');
    expect(story.replace(/npm run -s freshet --/, 'freshet')).toBe(`Country/FR in ordering, the local cloud
  owner geography  version 2, committed 2026-11-30T11:59:00.000Z (1m ago)
  relay            running, newest delay 100 ms
  queue            12 messages, drains in 4s
  projector        running
  cache ordering   version 1, committed 2026-11-30T11:58:00.000Z
  keeps            name
  backfill         ready
  parked           parked 30s ago, version 2: invalid: too long

parked: ordering parked the event of version 2: invalid: too long.
To mend it:
  fix the cause
  freshet parked redrive ordering Country/FR/1`);
  });

  test('an id with characters of the shell and the terminal is printed so that neither acts on it', () => {
    const evil = { ...behind(), id: "a$(touch x)'\u001b[2J" };
    const story = storyOf(evil, verdictOf(evil), 'the local cloud');
    expect(story).not.toContain('\u001b');
    expect(story).toContain(String.raw`resync --wait 30 Country $'a$(touch x)\'\u001b[2J'`);
  });

  test('a likely verdict says so, and a story without an owner is told too', () => {
    expect(storyOf(behind(), verdictOf(behind()), 'x')).toContain('\nlost (likely): ');
    const elsewhere: Findings = { ...behind(), owner: undefined, difference: undefined };
    expect(storyOf(elsewhere, verdictOf(elsewhere), 'x')).toContain('not in this deployment');
  });
});
