import { isTombstone } from 'freshet-aws/internal/core/own/own';
import { shortDuration } from '../../output/numbers.ts';
import type { Findings, Parked } from './findings.ts';

/** Why an entity is in a cache as it is. `stopped` to `lost` are reasons why the newest version isn't there. */
export const VERDICTS = [
  'current',
  'deleted',
  'not-kept',
  'owner-elsewhere',
  'unknown',
  'unowned',
  'ahead',
  'different',
  'stopped',
  'parked',
  'not-published',
  'relay-stopped',
  'projector-stopped',
  'in-queue',
  'gap',
  'dead-letter',
  'not-filled',
  'on-the-way',
  'discarded',
  'lost',
] as const;

/** Why an entity is in a cache as it is, and what to do. */
export interface Verdict {
  readonly verdict: (typeof VERDICTS)[number];
  /** False if the verdict is only likely: the messages in a queue can't be searched. */
  readonly isCertain: boolean;
  readonly explanation: string;
  /** What mends it, each as text with a command after a colon, or without a command. */
  readonly mend: readonly Step[];
}

/** A step of a repair: the arguments of a `freshet` command, or a text. */
export type Step = { readonly command: string } | { readonly text: string };

/** A change that was committed this recently is still on its way. */
const ON_THE_WAY_MS = 10_000;

/** Decides why an entity is in a cache as it is. */
export function verdictOf(findings: Findings): Verdict {
  const { cache, owner, difference } = findings;
  if (cache.keeps === false) return notKept(findings);
  if (owner === undefined) return ownerElsewhere(findings);
  switch (difference) {
    case 'unowned':
      return certain('unowned', `${owner.name} has never had the entity, but ${cache.name} has it.`, [
        { text: 'delete it from the caches, after an export of what you still need' },
        { command: `reconcile ${cache.name} ${findings.type} --repair` },
      ]);
    case 'ahead':
      return certain('ahead', `${cache.name} has a newer version than its owner. The owner's table was set back.`, [
        { text: 'follow docs/restore.md' },
      ]);
    case 'different':
      return different(findings);
    case 'behind':
    case 'missing':
      return delayed(findings);
    default:
      return arrived(findings);
  }
}

function certain(verdict: Verdict['verdict'], explanation: string, mend: readonly Step[] = []): Verdict {
  return { verdict, isCertain: true, explanation, mend };
}

function likely(verdict: Verdict['verdict'], explanation: string, mend: readonly Step[] = []): Verdict {
  return { verdict, isCertain: false, explanation, mend };
}

function notKept({ type, cache: { name } }: Findings): Verdict {
  return certain('not-kept', `${name} doesn't keep ${type}: its subscription leaves these events out.`, [
    { text: `add ${type} to the contracts of ${name}, deploy, and backfill the type (docs/deploy.md)` },
  ]);
}

function ownerElsewhere({ type, cache: { name, record } }: Findings): Verdict {
  const has = record === undefined ? 'has no version of the entity' : `has version ${record.version}`;
  return certain(
    'owner-elsewhere',
    `${name} ${has}. The owner of ${type} isn't in this deployment, so its version isn't known.`,
    [{ text: "add the owner's stack with --stack, or ask its team" }],
  );
}

function arrived({ owner, cache, nowMs }: Findings): Verdict {
  const owned = owner?.owned;
  if (owned === undefined)
    return certain('unknown', `Neither ${owner?.name} nor ${cache.name} has ever had the entity.`);
  const age = shortDuration(nowMs - Date.parse(owned.changedAt));
  if (isTombstone(owned))
    return certain('deleted', `${owner?.name} deleted the entity ${age} ago, and ${cache.name} knows it.`);
  const left = cache.parked.length === 0 ? '' : ' Its parked events are older.';
  return certain('current', `${cache.name} has the newest version, committed ${age} ago.${left}`);
}

function different({ type, id, cache: { name, record, parked } }: Findings): Verdict {
  if (parked.some(({ reason }) => reason === 'conflict'))
    return certain(
      'different',
      `${name} holds another state at version ${record?.version} than its owner, and parked the owner's as a conflict.`,
      [{ text: 'see the entry conflicts of docs/runbook.md' }],
    );
  return certain(
    'different',
    `${name} holds other content at version ${record?.version} than its contracts and the owner's state say: its fields ` +
      'or its schema version have changed since the event was applied, or somebody changed the table.',
    [{ command: `resync ${type} ${id}` }, { text: 'for all entities of the type: backfill the cache' }],
  );
}

/** Why the newest version isn't in the cache. */
function delayed(findings: Findings): Verdict {
  const { type, id, owner, cache, nowMs } = findings;
  const version = owner?.owned?.version ?? 0;
  const age = nowMs - Date.parse(owner?.owned?.changedAt ?? '');
  const resync: Step = { command: `resync ${type} ${id} --wait` };
  const isNewer = ({ version: parked = version }: Parked) => parked > (cache.record?.version ?? 0);
  const parked = cache.parked.find((one) => one.status === 'parked' && isNewer(one));
  if (cache.record?.stopMarker !== undefined)
    return certain('stopped', `${cache.name} holds all events of the entity since one failed${because(parked)}`, [
      { text: 'fix the cause' },
      { command: `release ${cache.name} ${type} ${id}` },
    ]);
  if (parked !== undefined)
    return certain('parked', `${cache.name} parked the event of version ${parked.version ?? '?'}${because(parked)}`, [
      { text: 'fix the cause' },
      { command: `parked redrive ${cache.name} ${parked.key}` },
    ]);
  const unpublished = owner?.parked[0];
  if (unpublished !== undefined)
    return certain('not-published', `${owner?.name} couldn't publish the change${because(unpublished)}`, [
      { text: 'fix the cause' },
      resync,
    ]);
  if (owner?.isRelayStopped)
    return certain('relay-stopped', `The relay of ${owner.name} is stopped, so the change waits in the stream.`, [
      { text: 'start the relay within 24 hours: then the stream forgets the change' },
    ]);
  if (cache.isProjectorStopped)
    return certain(
      'projector-stopped',
      `The projector of ${cache.name} is stopped, and its queue holds ${messages(cache.backlog)}.`,
      [{ text: 'start the projector' }],
    );
  if (cache.readiness.status !== 'ready' && cache.record === undefined && age > ON_THE_WAY_MS && cache.backlog === 0)
    return likely('not-filled', notFilled(findings), [{ command: `backfill ${cache.name} ${type}` }]);
  if (cache.backlog > 0) return likely('in-queue', inQueue(findings));
  if (age <= Math.max(ON_THE_WAY_MS, 2 * (owner?.relayDelayMs ?? 0)))
    return likely('on-the-way', `The change was committed ${shortDuration(age)} ago and is on its way.`);
  if (cache.gaps > 0)
    return likely(
      'gap',
      `A delta came without its base. The queue of gaps holds ${messages(cache.gaps)}, which ask the owner for a state.`,
      [resync],
    );
  if (cache.deadLetters > 0)
    return likely(
      'dead-letter',
      `The dead-letter queues of ${cache.name} hold ${messages(cache.deadLetters)}, which its repair function processes.`,
      [resync],
    );
  if (cache.onPoison === 'discard')
    return likely(
      'discarded',
      `${cache.name} discards events of ${type} that it can't apply, and nothing waits anywhere.`,
      [{ command: `logs ${cache.name} --errors --since 1d` }, resync],
    );
  return likely('lost', `Version ${version} waits nowhere: it was lost after its publication.`, [
    resync,
    { command: `reconcile ${cache.name} ${type}` },
  ]);
}

function because(parked: Parked | undefined): string {
  return parked === undefined ? '.' : `: ${parked.reason}: ${parked.explanation.replace(/\.?$/, '.')}`;
}

function messages(count: number): string {
  return count === 1 ? '1 message' : `${count.toLocaleString('en-US')} messages`;
}

function notFilled({ type, cache: { name, readiness } }: Findings): string {
  return readiness.status === 'empty'
    ? `${name} was never filled with ${type}: it has only the changes since it began to keep the type.`
    : `The backfill of ${type} into ${name} hasn't come to its end.`;
}

function inQueue({ cache: { name, backlog, drainSeconds } }: Findings): string {
  const drain = drainSeconds === null ? '' : `, which drain in ${shortDuration(drainSeconds * 1000)}`;
  return `The queue of ${name} holds ${messages(backlog)}${drain}. A queue can't be searched, but the change waits nowhere else.`;
}
