import { decodedBody } from 'freshet-aws/internal/core/decoded-body';
import { FreshetError, quoted } from 'freshet-aws/internal/core/errors';
import type { ParkedEvent } from 'freshet-aws/internal/core/project/ports';
import { byAge, isOutdated } from 'freshet-aws/internal/core/repair/parked-filter';
import { parkedKeyText, parseParkedKey } from 'freshet-aws/internal/core/repair/parked-key';
import {
  isCache,
  type ParkingPlace,
  type ParkingPlaces,
  placesNamed,
  roleOf,
} from '../../commands/parked/parking-places.ts';
import type { Deployment } from '../../deployment/deployment.ts';
import { onlyOne } from '../../deployment/names.ts';
import type { ParkedDocument, ParkedEventDocument, ParkedRow, ParkingRole } from './documents.ts';
import { errorPathOf } from './error-path.ts';
import { NotFound } from './reads-interface.ts';

/** Most events of a page. */
const PAGE = 1_000;

/** Most requests for a page that has events. Each returns at most 1 MB (ddb/Scan), and events may be large. */
const MOST_REQUESTS = 20;

/** Places that are read at the same time. */
const AT_ONCE = 8;

/** Most characters of a message that are shown. */
const MAX_BODY = 262_144;

/** Where a page begins: at which parking place, and the table's own cursor there. */
interface Position {
  readonly place: number;
  readonly cursor: string | undefined;
}

/**
 * Lists a page of the parked and held events of owners, caches and queues of facts, the oldest of the page first. A
 * page without events is the last one.
 *
 * @param input.at only those of the owner, the cache and the queue of facts with this name
 */
export async function readParked(
  deployment: ParkingPlaces,
  input: { readonly at?: string | undefined; readonly cursor?: string | undefined } = {},
): Promise<ParkedDocument> {
  const places = input.at === undefined ? placesOf(deployment) : placesNamed(deployment, input.at);
  const at = new Date().toISOString();
  const { found, next } = await pageFrom(places, decode(input.cursor, places.length));
  return {
    at,
    events: found.sort((a, b) => byAge(a.event, b.event)).map(({ place, event }) => rowOf(place, event)),
    cursor: next.place < places.length ? encode(next) : null,
  };
}

interface FoundEvent {
  readonly place: ParkingPlace;
  readonly event: ParkedEvent;
}

/** Reads on until the page is full or took enough requests, but at least until an event is found. */
async function pageFrom(places: readonly ParkingPlace[], begin: Position) {
  const read = readsOf(places);
  const found: FoundEvent[] = [];
  let next = begin;
  for (let request = 0; request < MOST_REQUESTS || found.length === 0; request += 1) {
    const place = places[next.place];
    if (place === undefined) break;
    const { items, cursor } = await read(place, next);
    // A page of a table has at most as many events as the whole page, so the first one always fits.
    if (found.length + items.length > PAGE) break;
    found.push(...items.map((event) => ({ place, event })));
    next = cursor === undefined ? { place: next.place + 1, cursor } : { ...next, cursor };
  }
  return { found, next };
}

/** Reads pages of parking places. Most places have no events, so the first pages of several are read at once. */
function readsOf(places: readonly ParkingPlace[]) {
  const firsts = new Map<number, ReturnType<ParkingPlace['parked']['list']>>();
  return (place: ParkingPlace, { place: at, cursor }: Position) => {
    if (cursor !== undefined) return place.parked.list({ cursor, limit: PAGE });
    for (const [index, one] of places.slice(at, firsts.has(at) ? at : at + AT_ONCE).entries()) {
      const page = one.parked.list({ cursor, limit: PAGE });
      // A failure counts only once the page gets to the place.
      page.catch(() => undefined);
      firsts.set(at + index, page);
    }
    return firsts.get(at) ?? place.parked.list({ cursor, limit: PAGE });
  };
}

/** Reads one parked event with its message. @throws NotFound */
export async function readParkedEvent(
  deployment: Deployment,
  { role, name, key }: { readonly role: ParkingRole; readonly name: string; readonly key: string },
): Promise<ParkedEventDocument> {
  const place = onlyOne(
    placesOf(deployment).filter((one) => roleOf(one) === role && one.name === name),
    `parking places of the role ${role} are named ${quoted(name)}`,
  );
  const parsed = parseParkedKey(key);
  const found = parsed && (await place?.parked.find(parsed));
  if (place === undefined || found === undefined)
    throw new NotFound(
      `key: the ${role} ${quoted(name)} has no parked event ${quoted(key)}. It may have been redriven.`,
    );
  const { event, attempts } = found;
  const body = decodedBody(event.message.body);
  const cachedVersion = isCache(place) && event.entity ? (await place.records.get(event.entity))?.version : undefined;
  return {
    ...rowOf(place, event),
    body: beginningOf(body),
    bodyLength: body.length,
    attempts,
    errorPath: errorPathOf(event, body),
    // Version 0 is a stop marker of an entity that the cache has never stored.
    cachedVersion: cachedVersion || null,
    isOutdated: isOutdated(event, cachedVersion),
  };
}

function placesOf({ owners, caches, factQueues }: ParkingPlaces): ParkingPlace[] {
  return [...owners, ...caches, ...factQueues];
}

function rowOf(place: ParkingPlace, event: ParkedEvent): ParkedRow {
  const { message, status, reason, explanation, entity, version, parkedAtMs } = event;
  return {
    role: roleOf(place),
    name: place.name,
    key: parkedKeyText(message),
    status,
    reason,
    explanation,
    type: entity?.type ?? null,
    id: entity?.id ?? null,
    version: version ?? null,
    sentAt: new Date(message.sentAtMs).toISOString(),
    parkedAt: new Date(parkedAtMs).toISOString(),
  };
}

/** The beginning of a text, without half of a character at its end. */
function beginningOf(text: string): string {
  const cut = text.slice(0, MAX_BODY);
  return cut.length < text.length && /[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut;
}

function encode({ place, cursor }: Position): string {
  return Buffer.from(JSON.stringify(cursor === undefined ? [place] : [place, cursor])).toString('base64url');
}

function decode(given: string | undefined, places: number): Position {
  if (given === undefined) return { place: 0, cursor: undefined };
  try {
    const [place, cursor, ...rest] = JSON.parse(Buffer.from(given, 'base64url').toString()) as unknown[];
    const isPlace = Number.isInteger(place) && Number(place) >= 0 && Number(place) < places;
    const isCursor = cursor === undefined || (typeof cursor === 'string' && isKey(cursor));
    if (isPlace && isCursor && rest.length === 0) return { place: Number(place), cursor };
  } catch {
    // Not a cursor: refused below.
  }
  throw new FreshetError(
    `cursor: not a valid cursor: ${quoted(given)}. Allowed: the cursor of a page of parked events. Leave it out to ` +
      'start from the first page.',
    { code: 'InvalidCursor', field: 'cursor' },
  );
}

/** Whether a cursor of a parking table can be decoded. Throws if it isn't JSON. */
function isKey(cursor: string): boolean {
  const key: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  return typeof key === 'object' && key !== null;
}
