import type { ParkedRow } from '../../api/documents.ts';

/** What parked events can be grouped by. */
export const GROUPINGS = ['reason', 'type', 'entity', 'place'] as const;

export type Grouping = (typeof GROUPINGS)[number];

/** Parked events with the same reason, type, entity or place. */
export interface ParkedGroup {
  readonly key: string;
  readonly label: string;
  readonly rows: readonly ParkedRow[];
}

/** Groups parked events, the largest group first. */
export function groupParked(rows: readonly ParkedRow[], by: Grouping): ParkedGroup[] {
  const groups = new Map<string, { label: string; rows: ParkedRow[] }>();
  for (const row of rows) {
    const label = labelOf(row, by);
    const key = JSON.stringify(label);
    const group = groups.get(key) ?? { label: label.join(' '), rows: [] };
    group.rows.push(row);
    groups.set(key, group);
  }
  return [...groups]
    .map(([key, group]) => ({ key, ...group }))
    .sort((a, b) => b.rows.length - a.rows.length || a.label.localeCompare(b.label));
}

function labelOf({ reason, type, id, role, name }: ParkedRow, by: Grouping): string[] {
  switch (by) {
    case 'reason':
      return [reason];
    case 'type':
      return [type ?? 'type not readable'];
    case 'entity':
      return type === null || id === null ? ['entity not readable'] : [type, id];
    case 'place':
      return [ROLE_WORDS[role], name];
  }
}

/** What the view of parked events says, and whether it offers the next page. */
export interface ListState {
  readonly says: 'reading' | 'failed' | 'none' | 'none yet' | 'no match' | 'events';
  readonly hasMore: boolean;
}

/** What is known of a list that is read page by page. */
interface ListFacts {
  readonly loaded: number;
  /** The loaded ones that match the search. */
  readonly shown: number;
  readonly isLoading: boolean;
  readonly isComplete: boolean;
  readonly hasFailed: boolean;
}

/** What the view of parked events says. The next page is offered until the list is complete, also without any event. */
export function listState({ loaded, shown, isLoading, isComplete, hasFailed }: ListFacts): ListState {
  const isFirst = loaded === 0 && (isLoading || hasFailed);
  const hasMore = !isComplete && !isFirst;
  if (hasFailed) return { says: 'failed', hasMore };
  if (isFirst) return { says: 'reading', hasMore };
  if (loaded === 0) return { says: isComplete ? 'none' : 'none yet', hasMore };
  return { says: shown === 0 ? 'no match' : 'events', hasMore };
}

/** The roles in words. */
export const ROLE_WORDS: Readonly<Record<ParkedRow['role'], string>> = {
  owner: 'owner',
  cache: 'cache',
  'fact-queue': 'queue of facts',
};

/** Identifies a parked event in the whole deployment. */
export function rowId({ role, name, key }: Pick<ParkedRow, 'role' | 'name' | 'key'>): string {
  return JSON.stringify([role, name, key]);
}

/** The most keys that one action takes. */
const MAX_KEYS = 1_000;

/** The requests for an action on events: one for each place, and more for more events than an action takes. */
export function actionRequests(
  rows: readonly ParkedRow[],
): { readonly name: string; readonly keys: readonly string[] }[] {
  return [...new Set(rows.map(({ name }) => name))].flatMap((name) => {
    const keys = [...new Set(rows.flatMap((row) => (row.name === name ? [row.key] : [])))];
    const parts = Math.ceil(keys.length / MAX_KEYS);
    return Array.from({ length: parts }, (_, index) => ({
      name,
      keys: keys.slice(index * MAX_KEYS, (index + 1) * MAX_KEYS),
    }));
  });
}

/** An entity that a cache holds events for. */
export interface HeldEntity {
  readonly cache: string;
  readonly type: string;
  readonly id: string;
}

/** The stopped entities among events: those with held events in a cache. */
export function heldEntities(rows: readonly ParkedRow[]): HeldEntity[] {
  const found = new Map<string, HeldEntity>();
  for (const { role, status, name, type, id } of rows) {
    if (role !== 'cache' || status !== 'held' || type === null || id === null) continue;
    found.set(JSON.stringify([name, type, id]), { cache: name, type, id });
  }
  return [...found.values()];
}

/** The outcome of one event, as `freshet parked redrive --json` prints it. */
export interface EventOutcome {
  readonly key: string;
  readonly outcome: string;
  readonly stays: boolean;
  readonly detail: string | undefined;
}

/** Reads the outcomes of events from an action's result; empty if the result has none. */
export function outcomesOf(result: unknown): EventOutcome[] {
  if (typeof result !== 'object' || result === null || !('events' in result) || !Array.isArray(result.events))
    return [];
  return result.events.flatMap((event: unknown): EventOutcome[] => {
    const { key, outcome, stays, detail } = Object(event) as Record<string, unknown>;
    if (typeof key !== 'string' || typeof outcome !== 'string') return [];
    return [{ key, outcome, stays: stays === true, detail: typeof detail === 'string' ? detail : undefined }];
  });
}
