import { isAdoptReason } from 'freshet-aws/internal/core/adopt/map';
import { isTombstone } from 'freshet-aws/internal/core/own/own';
import { shortDuration } from '../../output/numbers.ts';
import { adoptedVerdict } from './adopted-verdict.ts';
import type { Findings, Parked } from './findings.ts';
import { because, certain, command, type FoundOwner, likely, type Step, type Verdict } from './verdict-parts.ts';

/** A change that was committed this recently is still on its way. */
const ON_THE_WAY_MS = 10_000;
/** How far the clocks of functions may differ. */
const CLOCK_MARGIN_MS = 5_000;
/** The stream of a table keeps a change for 24 hours (ddb/Streams). */
const STREAM_LIFE_MS = 24 * 3_600_000;
/** How long a deletion that the cache has no record of may still be on its way. Later, its tombstone has expired. */
const RECENT_DELETION_MS = 3_600_000;
/** A queue takes longer than its drain time says if its messages come in bursts. */
const DRAIN_MARGIN_MS = 60_000;

/** Decides why an entity is in a cache as it is. */
export function verdictOf(findings: Findings): Verdict {
  const { cache, owner, difference } = findings;
  if (cache.keeps === false) return notKept(findings);
  if (cache.isDamaged) return damaged(findings);
  if (cache.record?.stopMarker !== undefined) return stopped(findings);
  if (owner === undefined) return withoutOwner(findings);
  switch (difference) {
    case 'unowned':
      return certain('unowned', `${owner.name} has never had the entity, but ${cache.name} has it.`, [
        { text: 'delete it from the caches, after an export of what you still need' },
        command('reconcile --delete-unknown', cache.name, findings.type),
      ]);
    case 'ahead':
      return certain('ahead', `${cache.name} has a newer version than its owner. The owner's table was set back.`, [
        { text: 'follow docs/restore.md' },
      ]);
    case 'different':
      return different(findings);
    case 'behind':
    case 'missing':
      return delayed(findings, owner);
    default:
      return arrived(findings, owner);
  }
}

function notKept({ type, cache: { name } }: Findings): Verdict {
  return certain('not-kept', `${name} doesn't keep ${type}: its subscription leaves these events out.`, [
    { text: `add ${type} to the contracts of ${name}, and deploy: the cache then fills itself (docs/deploy.md)` },
  ]);
}

function damaged({ type, cache: { name } }: Findings): Verdict {
  return certain('damaged', `The table of ${name} has an item of the entity that the projector can't read.`, [
    command('reconcile', name, type),
  ]);
}

function stopped({ type, id, cache }: Findings): Verdict {
  const cause = cache.parked.find(({ status }) => status === 'parked');
  return certain('stopped', `${cache.name} holds all events of the entity since one failed${because(cause)}`, [
    { text: 'fix the cause' },
    command('release', cache.name, type, id),
  ]);
}

/** The verdict if the owner isn't in this deployment, or no owner here has had the entity. */
function withoutOwner(findings: Findings): Verdict {
  const { type, cache } = findings;
  const newest = cache.parked.find((one) => one.status === 'parked' && isNewer(one, cache.record?.version ?? 0));
  if (newest !== undefined) return parkedVerdict(findings, newest);
  if (cache.isProjectorStopped) return projectorStopped(findings);
  const has = cache.record === undefined ? 'has no version of the entity' : `has version ${cache.record.version}`;
  const look = { text: "add the owner's stack with --stack, or ask its team" };
  if (cache.keeps === true)
    return certain(
      'owner-elsewhere',
      `${cache.name} ${has}. The owner of ${type} isn't in this deployment, so its version isn't known.`,
      [look],
    );
  // Without contracts, nothing says whether the owner is in this deployment.
  return likely('owner-elsewhere', `${cache.name} ${has}, and no owner in this deployment has ever had the entity.`, [
    look,
  ]);
}

function arrived(findings: Findings, owner: FoundOwner): Verdict {
  const { cache, nowMs } = findings;
  const { owned, isRelayStopped } = owner;
  const ofAdopted = adoptedVerdict(findings, owner);
  if (ofAdopted !== undefined) return ofAdopted;
  if (owned === undefined)
    return certain('unknown', `Neither ${owner.name} nor ${cache.name} has ever had the entity.`);
  const ageMs = nowMs - Date.parse(owned.changedAt);
  const age = shortDuration(ageMs);
  if (isTombstone(owned)) {
    const isKnown = cache.record !== undefined && cache.record.version > 0;
    const isHeldUp = cache.backlog > 0 || cache.isProjectorStopped || isRelayStopped;
    if (!isKnown && isHeldUp && ageMs < RECENT_DELETION_MS) return delayed(findings, owner);
    const known = isKnown ? 'knows it' : 'has no record of the entity';
    return certain('deleted', `${owner.name} deleted the entity ${age} ago, and ${cache.name} ${known}.`);
  }
  const left = cache.parked.length === 0 ? '' : ' Its parked events are older.';
  return certain('current', `${cache.name} has the newest version, committed ${age} ago.${left}`);
}

function different({ type, owner, cache: { name, record, parked } }: Findings): Verdict {
  if (record?.digest === owner?.owned?.digest)
    return certain(
      'different',
      `${name} has the fields or the form of earlier contracts at version ${record?.version}, or something changed its item.`,
      [
        { text: 'if the contracts changed, rewrite all entities of the type:' },
        command('backfill --restart', name, type),
        { text: 'otherwise, replace what the projector did not write:' },
        command('reconcile', name, type),
      ],
    );
  const isConflict = parked.some(({ reason }) => reason === 'conflict');
  return certain(
    'different',
    `${name} holds another state at version ${record?.version} than its owner.` +
      (isConflict ? " It parked the owner's as a conflict." : ''),
    [
      ...(isConflict ? [] : [command('reconcile', name, type)]),
      { text: `${isConflict ? '' : 'if that reports a conflict: '}follow the entry conflicts of docs/runbook.md` },
    ],
  );
}

/** Why the newest version isn't in the cache. */
function delayed(findings: Findings, owner: FoundOwner): Verdict {
  const { type, id, cache, nowMs } = findings;
  const { version = 0, changedAt = '' } = owner.owned ?? {};
  const changedAtMs = Date.parse(changedAt);
  const ageMs = nowMs - changedAtMs;
  const resync = command('resync --wait 30', type, id);
  const isCause = (one: Parked) =>
    one.status === 'parked' && isNewer(one, version - 1) && one.parkedAtMs >= changedAtMs - CLOCK_MARGIN_MS;
  const parked = cache.parked.find(isCause);
  if (parked !== undefined) return parkedVerdict(findings, parked);
  // A change that the adopter set aside is later than the copy, which isn't in the cache either.
  const unpublished = owner.parked.find((one) => isCause(one) && !isAdoptReason(one.reason));
  if (unpublished !== undefined)
    return certain('not-published', `${owner.name} couldn't publish the change${because(unpublished)}`, [
      { text: 'fix the cause' },
      resync,
    ]);
  if (owner.isRelayStopped) return relayStopped(owner, ageMs, resync);
  if (cache.isProjectorStopped) return projectorStopped(findings);
  if (ageMs <= Math.max(ON_THE_WAY_MS, 2 * (owner.relayDelayMs ?? 0)))
    return likely('on-the-way', `The change was committed ${shortDuration(ageMs)} ago and is on its way.`);
  if (owner.relayDelayMs === null)
    return likely(
      'relay-silent',
      `The relay of ${owner.name} has published nothing for five minutes, not even a heartbeat.`,
      [command('logs --errors --since 1h', 'relay'), { text: 'see the entry relay-delay of docs/runbook.md' }],
    );
  return waiting(findings, ageMs, version, resync);
}

/** Where the newest version may be after its publication. */
function waiting(findings: Findings, ageMs: number, version: number, resync: Step): Verdict {
  const { type, cache } = findings;
  const { backlog, drainSeconds, readiness } = cache;
  const drainMs = drainSeconds === null ? Number.POSITIVE_INFINITY : 2_000 * drainSeconds + DRAIN_MARGIN_MS;
  if (backlog > 0 && ageMs < drainMs) return likely('in-queue', inQueue(findings), inQueueSteps(findings));
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
  if (readiness.status !== 'ready' && cache.record === undefined)
    return likely('not-filled', notFilled(findings), [command('backfill', cache.name, type)]);
  if (cache.onPoison === 'discard')
    return likely(
      'discarded',
      `${cache.name} discards events of ${type} that it can't apply, and the change isn't in its queue.`,
      [command('logs --since 1d', cache.name), resync],
    );
  const lost = `Version ${version} was published, and nothing in ${cache.name} waits for it. An inventory finds it.`;
  return likely('lost', lost, [resync, command('reconcile', cache.name, type)]);
}

function parkedVerdict({ cache }: Findings, parked: Parked): Verdict {
  return certain('parked', `${cache.name} parked the event of version ${parked.version ?? '?'}${because(parked)}`, [
    { text: 'fix the cause' },
    command('parked redrive', cache.name, parked.key),
  ]);
}

function relayStopped({ name, hasOutbox }: FoundOwner, ageMs: number, resync: Step): Verdict {
  if (hasOutbox)
    return likely('relay-stopped', `The relay of ${name} is stopped, so the change waits in the outbox.`, [
      { text: 'start the relay: the outbox keeps the change until it is published' },
    ]);
  if (ageMs < STREAM_LIFE_MS)
    return likely('relay-stopped', `The relay of ${name} is stopped, so the change waits in the stream.`, [
      { text: 'start the relay before the change is 24 hours old: then the stream forgets it' },
    ]);
  return likely('relay-stopped', `The relay of ${name} is stopped, and the stream keeps a change for 24 hours only.`, [
    { text: 'start the relay' },
    resync,
  ]);
}

function projectorStopped({ cache }: Findings): Verdict {
  return likely(
    'projector-stopped',
    `The projector of ${cache.name} is stopped, and its queue holds ${messages(cache.backlog)}.`,
    [{ text: 'start the projector' }],
  );
}

/** Whether an event has a version above another one. An event that can't be read may have any version. */
function isNewer({ version }: Parked, than: number): boolean {
  return version === undefined || version > than;
}

function messages(count: number): string {
  return count === 1 ? '1 message' : `${count.toLocaleString('en-US')} messages`;
}

function notFilled({ type, cache: { name, readiness, keeps } }: Findings): string {
  const unless = keeps === undefined ? ' It may also not keep the type: its contracts are not in this folder.' : '';
  return readiness.status === 'empty'
    ? `${name} isn't filled with ${type} yet: it has only the changes since it began to keep the type. It fills itself ` +
        `about a minute after a first deployment, or 15 minutes after it began to keep the type.${unless}`
    : `${name} is filling itself with ${type}. To follow it, run the command.`;
}

function inQueue({ cache: { name, backlog, drainSeconds } }: Findings): string {
  const drain = drainSeconds === null ? '' : `, which drain in ${shortDuration(drainSeconds * 1000)}`;
  return `The queue of ${name} holds ${messages(backlog)}${drain}. A queue can't be searched.`;
}

function inQueueSteps({ cache: { drainSeconds } }: Findings): Step[] {
  return drainSeconds === null ? [{ text: 'see the entry inflow-above-outflow of docs/runbook.md' }] : [];
}
