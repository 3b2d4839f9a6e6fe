import type { CopyDocument, EntityDocument } from '../../api/documents.ts';

/** A version that was seen while the entity was open. */
export interface SeenVersion {
  readonly version: number;
  readonly changedAt: string;
  readonly isDeleted: boolean;
  /** The owner's state, or a cache's if the owner's was never seen with this version. */
  readonly stateJson: string | null;
  /** Where the state was read. */
  readonly stateAt: StatePlace;
  /** Where it was first seen, by the name of the owner or cache, with the time by the server's clock. */
  readonly arrivals: ReadonlyMap<string, Arrival>;
}

/** The owner or cache that a state was read from. */
export interface StatePlace {
  readonly place: string;
  /** Whether the place keeps the whole state, and not only some of its fields. */
  readonly isWhole: boolean;
}

/** The first sight of a version at a place. */
export interface Arrival {
  readonly atMs: number;
  /** Whether the place was read before without the version, so that the time says when the version arrived. */
  readonly isArrival: boolean;
}

/** The versions seen, the newest first. */
export type History = readonly SeenVersion[];

/** The most versions that are kept. */
const MAX_VERSIONS = 50;

/**
 * Adds what a reading shows to the history. Returns the same history if it shows nothing new.
 *
 * @param history undefined: it is the first reading, whose versions were there before
 */
export function noteVersions(history: History | undefined, document: EntityDocument): History {
  const { at, ownerName, owner, caches } = document;
  const copies = [
    { place: ownerName, isWhole: true, copy: owner },
    ...caches.map(({ cache, fields, copy }) => ({ place: cache, isWhole: fields === null, copy })),
  ];
  const sight = { atMs: Date.parse(at), isArrival: history !== undefined };
  return copies.reduce(
    (seen, { place, isWhole, copy }) => (copy === null ? seen : note(seen, { place, isWhole }, copy, sight)),
    history ?? [],
  );
}

function note(history: History, at: StatePlace, copy: CopyDocument, sight: Arrival): History {
  const known = history.find(({ version }) => version === copy.version);
  if (known?.arrivals.has(at.place)) return history;
  // A cache's part of a state gives way to the whole state.
  const keepsState = known !== undefined && (known.stateAt.isWhole || !at.isWhole);
  const { stateJson, stateAt } = keepsState ? known : { ...copy, stateAt: at };
  const { version, changedAt, isDeleted } = known ?? copy;
  const arrivals = new Map([...(known?.arrivals ?? []), [at.place, sight]]);
  const others = history.filter((one) => one !== known);
  return [...others, { version, changedAt, isDeleted, stateJson, stateAt, arrivals }]
    .sort((a, b) => b.version - a.version)
    .slice(0, MAX_VERSIONS);
}

/**
 * Whether the states of two versions can be compared: both are whole, both are from one place, or one is a deletion.
 * A cache's part lacks fields of the whole state, which would look as if they had been removed.
 */
export function isComparable(one: SeenVersion, other: SeenVersion): boolean {
  if (one.stateJson === null || other.stateJson === null) return true;
  return (one.stateAt.isWhole && other.stateAt.isWhole) || one.stateAt.place === other.stateAt.place;
}

/** How long after its commit a version was seen at a place; undefined if it was there when the entity was opened. */
export function arrivalMs(history: History, version: number, place: string): number | undefined {
  const seen = history.find((one) => one.version === version);
  const arrival = seen?.arrivals.get(place);
  if (seen === undefined || !arrival?.isArrival) return undefined;
  return Math.max(0, arrival.atMs - Date.parse(seen.changedAt));
}

/** Whether the owner has a version, and each cache where the entity isn't stopped has the owner's version. */
export function isSettled({ owner, caches }: EntityDocument, wantedVersion: number): boolean {
  if ((owner?.version ?? 0) < wantedVersion) return false;
  return caches.every(({ copy, isStopped }) => isStopped || (copy?.version ?? 0) >= (owner?.version ?? 0));
}
