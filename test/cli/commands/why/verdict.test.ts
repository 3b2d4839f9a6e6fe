import { describe, expect, test } from 'vitest';
import type { Findings, Parked } from '../../../../cli/commands/why/findings.ts';
import { storyOf } from '../../../../cli/commands/why/story.ts';
import { VERDICTS, verdictOf } from '../../../../cli/commands/why/verdict.ts';
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
    owner: { name: 'geography', owned: owned(2), isRelayStopped: false, relayDelayMs: 100, parked: [], ...owner },
    cache: {
      name: 'ordering',
      keeps: true,
      fields: ['name'],
      onPoison: 'park',
      record: record(1),
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

/** Each verdict with findings that lead to it, whether it is certain, and a part of what mends it. */
const CASES: readonly (readonly [(typeof VERDICTS)[number], Findings, boolean, string])[] = [
  ['current', behind({ difference: 'equal' }), true, ''],
  ['deleted', behind({ owner: { owned: { ...owned(2), digest: TOMBSTONE_DIGEST } }, difference: 'equal' }), true, ''],
  ['unknown', behind({ owner: { owned: undefined }, cache: { record: undefined }, difference: 'equal' }), true, ''],
  ['not-kept', behind({ cache: { keeps: false } }), true, 'backfill'],
  ['owner-elsewhere', { ...behind(), owner: undefined, difference: undefined }, true, '--stack'],
  [
    'unowned',
    behind({ owner: { owned: undefined }, difference: 'unowned' }),
    true,
    'reconcile ordering Country --repair',
  ],
  ['ahead', behind({ difference: 'ahead' }), true, 'docs/restore.md'],
  ['different', behind({ difference: 'different' }), true, 'resync Country FR'],
  [
    'different',
    behind({ difference: 'different', cache: { parked: [parked('conflict', 1)] } }),
    true,
    'conflicts of docs/runbook.md',
  ],
  ['stopped', behind({ cache: { record: { ...record(1), stopMarker: 5 } } }), true, 'release ordering Country FR'],
  ['parked', behind({ cache: { parked: [parked('invalid', 2)] } }), true, 'parked redrive ordering Country/FR/1'],
  ['parked', missing({ cache: { parked: [parked('malformed', undefined)] } }), true, 'parked redrive'],
  ['not-published', behind({ owner: { parked: [parked('too-large', 2)] } }), true, 'resync Country FR'],
  ['relay-stopped', behind({ owner: { isRelayStopped: true } }), true, 'start the relay'],
  ['projector-stopped', behind({ cache: { isProjectorStopped: true, backlog: 3 } }), true, 'start the projector'],
  ['in-queue', behind({ cache: { backlog: 1_200, drainSeconds: 60 } }), false, ''],
  ['on-the-way', behind({ owner: { owned: owned(2, 3_000) } }), false, ''],
  ['on-the-way', behind({ owner: { owned: owned(2, 60_000), relayDelayMs: 40_000 } }), false, ''],
  ['not-filled', missing({ cache: { readiness: { status: 'empty' } } }), false, 'backfill ordering Country'],
  ['gap', behind({ cache: { gaps: 1 } }), false, 'resync'],
  ['dead-letter', behind({ cache: { deadLetters: 1 } }), false, 'resync'],
  ['discarded', behind({ cache: { onPoison: 'discard' } }), false, 'logs ordering --errors'],
  ['lost', behind(), false, 'reconcile ordering Country'],
];

describe('the verdict on an entity', () => {
  test.each(CASES)('the findings lead to the verdict %s', (verdict, findings, isCertain, mend) => {
    const found = verdictOf(findings);
    expect(found).toMatchObject({ verdict, isCertain });
    expect(JSON.stringify(found.mend)).toContain(mend);
    expect(found.explanation).toMatch(/^[A-Z].*\.$|^[a-z-]+ .*\.$/);
  });

  test('every verdict has findings that lead to it', () => {
    expect(new Set(CASES.map(([verdict]) => verdict))).toEqual(new Set(VERDICTS));
  });

  test('a parked event that is older than the cached version is not the reason', () => {
    const findings = behind({ cache: { parked: [parked('invalid', 1)], backlog: 5 } });
    expect(verdictOf(findings).verdict).toBe('in-queue');
  });

  test('a stopped entity is stopped also if its parked event is gone', () => {
    const findings = behind({
      cache: { record: { ...record(1), stopMarker: 5 }, parked: [parked('stopped', 2, 'held')] },
    });
    expect(verdictOf(findings)).toMatchObject({ verdict: 'stopped' });
  });

  test('an entity that a cache lacks although its queue has messages is in the queue, filled or not', () => {
    const findings = missing({ cache: { readiness: { status: 'empty' }, backlog: 10 } });
    expect(verdictOf(findings).verdict).toBe('in-queue');
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

  test('a likely verdict says so, and a story without an owner is told too', () => {
    expect(storyOf(behind(), verdictOf(behind()), 'x')).toContain('\nlost (likely): ');
    const elsewhere: Findings = { ...behind(), owner: undefined, difference: undefined };
    expect(storyOf(elsewhere, verdictOf(elsewhere), 'x')).toContain('not in this deployment');
  });
});
