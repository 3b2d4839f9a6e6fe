import { useCallback, useMemo, useState } from 'preact/hooks';
import type { ParkedDocument, ParkedRow } from '../../api/documents.ts';
import { usePaged } from '../live/fetched.ts';
import { live } from '../live/live.ts';
import { go } from '../live/route.ts';
import { useStore } from '../live/store.ts';
import { Failure, Notice } from '../parts/notice.tsx';
import { SearchBox } from '../parts/search-box.tsx';
import { GROUPINGS, type Grouping, groupParked, type ListState, listState, rowId } from '../pure/group-parked.ts';
import { apiPath, type Route } from '../pure/route.ts';
import { plural } from '../pure/words.ts';
import { ParkedGroupView } from './parked-group.tsx';
import { ParkedTools } from './parked-tools.tsx';

const WORDS: Readonly<Record<Grouping, string>> = { reason: 'Reason', type: 'Type', entity: 'Entity', place: 'Place' };

/** Parked and held events of the whole deployment. */
export function ParkedView({ params }: Route) {
  const at = params.get('at');
  const pathOf = useCallback((cursor: string | null) => apiPath('/api/parked', { cursor, at }), [at]);
  const list = usePaged<ParkedDocument, ParkedRow>(pathOf, eventsOf);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [text, setText] = useState('');
  const by = GROUPINGS.find((one) => one === params.get('by')) ?? 'reason';
  const shown = useMemo(() => list.items.filter((row) => isWanted(row, text)), [list.items, text]);
  const groups = useMemo(() => groupParked(shown, by), [shown, by]);
  const hasFailed = list.failure !== undefined;
  const chosen = useMemo(() => shown.filter((row) => selected.has(rowId(row))), [shown, selected]);
  const select = useCallback((rows: readonly ParkedRow[], isSelected: boolean) => {
    setSelected((before) => {
      const next = new Set(before);
      for (const row of rows) isSelected ? next.add(rowId(row)) : next.delete(rowId(row));
      return next;
    });
  }, []);
  const reload = useCallback(() => {
    setSelected(new Set());
    list.reload();
  }, [list.reload]);
  const { says, hasMore } = listState({ ...list, loaded: list.items.length, shown: shown.length, hasFailed });
  return (
    <>
      <div class="tools">
        <fieldset class="switch">
          <legend>Group by</legend>
          {GROUPINGS.map((one) => (
            <label key={one}>
              <input type="radio" name="by" checked={one === by} onChange={() => go('parked', { by: one, at }, true)} />
              <span>{WORDS[one]}</span>
            </label>
          ))}
        </fieldset>
        <Places at={at} choose={(name) => go('parked', { by, at: name }, true)} />
        <SearchBox label="Search type, id or reason" value={text} change={setText} />
      </div>
      <ParkedTools chosen={chosen} shown={shown} select={select} reload={reload} />
      {list.failure !== undefined && (
        <Failure
          title="The parked events could not be read"
          message={list.failure}
          retry={list.items.length > 0 ? list.more : reload}
        />
      )}
      <Said says={says} at={at} loaded={list.items.length} />
      {groups.map((group) => (
        <ParkedGroupView
          key={group.key}
          group={group}
          by={by}
          isOpen={groups.length <= 3}
          selected={selected}
          select={select}
          reload={reload}
        />
      ))}
      {hasMore && (
        <button type="button" class="button" disabled={list.isLoading} onClick={list.more}>
          {list.isLoading ? 'Loading …' : `Load more: ${plural(list.items.length, 'event')} loaded`}
        </button>
      )}
    </>
  );
}

interface PlacesProps {
  readonly at: string | undefined;
  readonly choose: (name: string) => void;
}

/** Chooses the owner, cache or queue of facts whose parked events are listed. */
function Places({ at, choose }: PlacesProps) {
  const deployment = useStore(live, (one) => one.deployment);
  const { owners = [], caches = [], factQueues = [], sagas = [] } = deployment ?? {};
  const names = [...owners, ...caches, ...factQueues, ...sagas].map(({ name }) => name).sort();
  return (
    <label class="field inline">
      <span>At</span>
      <select value={at ?? ''} onChange={(event) => choose(event.currentTarget.value)}>
        <option value="">every place</option>
        {[...new Set([...names, ...(at === undefined ? [] : [at])])].map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

interface SaidProps {
  readonly says: ListState['says'];
  readonly at: string | undefined;
  readonly loaded: number;
}

/** What is said instead of events. */
function Said({ says, at, loaded }: SaidProps) {
  const where = at === undefined ? '' : ` at ${at}`;
  switch (says) {
    case 'reading':
      return <Notice kind="loading" title="Reading the parked events …" />;
    case 'none':
      return (
        <Notice kind="empty" title={`Nothing is parked or held${where}`}>
          <p>An event that can never be processed appears here, with its reason and what you can do.</p>
        </Notice>
      );
    case 'none yet':
      return (
        <Notice kind="info" title={`No parked event is found yet${where}`}>
          <p>Not everything has been read. Load more to go on.</p>
        </Notice>
      );
    case 'no match':
      return (
        <Notice kind="info" title={`None of the ${plural(loaded, 'loaded event')} matches`}>
          <p>Choose another place or another text.</p>
        </Notice>
      );
    default:
      return null;
  }
}

function eventsOf({ events }: ParkedDocument): readonly ParkedRow[] {
  return events;
}

function isWanted(row: ParkedRow, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  return [row.type, row.id, row.reason, row.key].some((one) => one?.toLowerCase().includes(wanted));
}
