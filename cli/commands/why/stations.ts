import { isTombstone } from 'freshet-aws/internal/core/own/own';
import { shortDuration, shortMilliseconds } from '../../output/numbers.ts';
import type { Findings, Parked } from './findings.ts';
import type { Verdict } from './verdict-parts.ts';

/** Parked events that are shown. */
const SHOWN = 3;

/** A station of the way of an entity. */
export interface Station {
  /** Such as `owner geography`, `relay`, `queue`, `projector` or `cache ordering`. */
  readonly name: string;
  readonly text: string;
  /** `wrong`: the station holds the entity up, or has it otherwise than it should. */
  readonly state: 'fine' | 'wrong' | 'unknown';
}

type Place =
  | 'adopter'
  | 'owner'
  | 'relay'
  | 'not published'
  | 'queue'
  | 'dead letters'
  | 'gaps'
  | 'projector'
  | 'cache'
  | 'keeps'
  | 'backfill'
  | 'parked';

/** The places that a verdict blames. A verdict that isn't listed blames none. */
const BLAMED: Partial<Record<Verdict['verdict'], readonly Place[]>> = {
  unowned: ['cache'],
  ahead: ['cache'],
  different: ['cache'],
  damaged: ['cache'],
  stopped: ['cache', 'parked'],
  parked: ['parked'],
  'not-published': ['not published'],
  'adopter-stopped': ['adopter'],
  'relay-stopped': ['relay'],
  'relay-silent': ['relay'],
  'projector-stopped': ['projector'],
  'in-queue': ['queue'],
  gap: ['gaps'],
  'dead-letter': ['dead letters'],
  'not-filled': ['backfill'],
  discarded: ['cache'],
  lost: ['cache'],
};

/** The stations of the way of an entity from its owner into a cache, in the order of the flow. */
export function stationsOf(findings: Findings, { verdict }: Pick<Verdict, 'verdict'>): Station[] {
  const rows = [...ownerRows(findings), ...queueRows(findings), ...cacheRows(findings)];
  const blamed = BLAMED[verdict] ?? [];
  return rows.map(({ place, name = place, text, isUnknown = false, isWrong = false }) => ({
    name,
    text,
    state: isWrong || blamed.includes(place) ? 'wrong' : isUnknown ? 'unknown' : 'fine',
  }));
}

interface Row {
  readonly place: Place;
  /** @default - the place */
  readonly name?: string;
  readonly text: string;
  readonly isUnknown?: boolean;
  /** Whether the station is wrong whatever the verdict is. */
  readonly isWrong?: boolean;
}

function ownerRows({ owner, nowMs }: Findings): Row[] {
  if (owner === undefined) return [{ place: 'owner', text: 'not in this deployment', isUnknown: true }];
  const { name, adopter, owned, isRelayStopped, relayDelayMs, parked } = owner;
  const at = (iso: string) => `${iso} (${shortDuration(nowMs - Date.parse(iso))} ago)`;
  const entity =
    owned === undefined
      ? 'has never had the entity'
      : `version ${owned.version}, ${isTombstone(owned) ? 'deleted' : 'committed'} ${at(owned.changedAt)}`;
  const relay = running(isRelayStopped) + (isRelayStopped ? '' : `, newest delay ${shortMilliseconds(relayDelayMs)}`);
  return [
    ...(adopter === undefined ? [] : [functionRow('adopter', adopter.isStopped)]),
    { place: 'owner', name: `owner ${name}`, text: entity },
    { ...functionRow('relay', isRelayStopped), text: relay },
    ...parkedRows('not published', parked, nowMs),
  ];
}

function queueRows({ cache }: Findings): Row[] {
  const { backlog, drainSeconds, deadLetters, gaps, isProjectorStopped } = cache;
  const drain = drainSeconds === null || backlog === 0 ? '' : `, drains in ${shortDuration(drainSeconds * 1000)}`;
  return [
    { place: 'queue', text: `${backlog} messages${drain}` },
    ...(deadLetters > 0 ? [{ place: 'dead letters', text: `${deadLetters} messages` } as const] : []),
    ...(gaps > 0 ? [{ place: 'gaps', text: `${gaps} requests for a state` } as const] : []),
    functionRow('projector', isProjectorStopped),
  ];
}

function cacheRows({ cache, nowMs }: Findings): Row[] {
  const { name, record, fields, readiness, parked, keeps } = cache;
  const version = cache.isDamaged
    ? "an item that the projector can't read"
    : record === undefined || record.version === 0
      ? 'no version of the entity'
      : `version ${record.version}${record.dataJson === undefined ? ', deleted' : ''}, committed ${record.changedAt}`;
  const stopped = record?.stopMarker === undefined ? '' : ', STOPPED';
  return [
    { place: 'cache', name: `cache ${name}`, text: `${keeps === false ? "doesn't keep the type" : version}${stopped}` },
    ...(fields === undefined ? [] : [{ place: 'keeps', text: fields.join(', ') } as const]),
    { place: 'backfill', text: readiness.status },
    ...parkedRows('parked', parked, nowMs),
  ];
}

function parkedRows(place: 'parked' | 'not published', parked: readonly Parked[], nowMs: number): Row[] {
  const rows = parked.slice(0, SHOWN).map(({ status, reason, version, parkedAtMs, explanation }) => {
    const age = shortDuration(nowMs - parkedAtMs);
    const text = `${status} ${age} ago, version ${version ?? '?'}: ${reason}: ${explanation}`;
    return { place, text };
  });
  return parked.length > SHOWN ? [...rows, { place, text: `and ${parked.length - SHOWN} more` }] : rows;
}

/** The row of a function. It is wrong whatever the verdict is, if the function is stopped. */
function functionRow(place: Place, isStopped: boolean | undefined): Row {
  return { place, text: running(isStopped), isWrong: isStopped === true, isUnknown: isStopped === undefined };
}

function running(isStopped: boolean | undefined): string {
  return isStopped === undefined ? 'unknown' : isStopped ? 'STOPPED' : 'running';
}
