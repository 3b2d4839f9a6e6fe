import type { Deployment, OpenOwner } from '../../deployment/deployment.ts';
import type { Undo } from './undo.ts';

/** What an alarm watches. */
export type Watched = 'cache' | 'owner' | 'topic of facts' | 'queue of facts' | 'saga';

/** What a rehearsal did, and how `--undo` takes it back. */
export interface Provoked {
  /** Whole sentences without a full stop at the end. */
  readonly did: readonly string[];
  /** In the order in which they are carried out. */
  readonly undo: readonly Undo[];
}

/** Makes the condition of one alarm in the local cloud. */
export interface Rehearsal {
  readonly on: Watched;
  /** What it does, as `--list` shows it. */
  readonly does: string;
  /** About how long it takes until the alarm is raised. */
  readonly after: string;
  /** @param name of the cache, owner, boundary, queue or saga */
  provoke(deployment: Deployment, name: string): Promise<Provoked>;
}

/** A rehearsal of an alarm on an owner. @param provoke see `Rehearsal` */
export function ofOwner(
  does: string,
  after: string,
  provoke: (deployment: Deployment, owner: OpenOwner) => Promise<Provoked>,
): Rehearsal {
  const on = 'owner';
  return {
    on,
    does,
    after,
    provoke: async (deployment, name) => provoke(deployment, await deployment.ownerNamed(name)),
  };
}

/** An alarm whose condition can't be made in the local cloud. */
export interface Impossible {
  readonly on: Watched;
  readonly because: string;
}

/** The names of everything that alarms of a kind watch. */
export function watchedNames(deployment: Deployment, on: Watched): string[] {
  const { owners, caches, factTopics, factQueues, sagas } = deployment;
  if (on === 'cache') return caches.map(({ name }) => name);
  if (on === 'owner') return owners.map(({ name }) => name);
  if (on === 'topic of facts') return withTable(factTopics).map(({ boundary }) => boundary);
  if (on === 'queue of facts') return factQueues.map(({ name }) => name);
  return sagas.map(({ name }) => name);
}

/** The topics of facts with a table. Those of an owner in PostgreSQL have no relay and no alarms of their own. */
export function withTable(factTopics: Deployment['factTopics']) {
  return factTopics.filter((topic) => topic.role === 'facts');
}

/** The thing of a name. `watchedNames` returned the name. */
export function named<T>(all: readonly T[], nameOf: (one: T) => string, name: string): T {
  const found = all.find((one) => nameOf(one) === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}
