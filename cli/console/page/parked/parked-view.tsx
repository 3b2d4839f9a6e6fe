import { useCallback, useMemo, useState } from 'preact/hooks';
import type { ParkedDocument, ParkedRow } from '../../api/documents.ts';
import { usePaged } from '../live/fetched.ts';
import { go } from '../live/route.ts';
import { Failure, Notice } from '../parts/notice.tsx';
import { SearchBox } from '../parts/search-box.tsx';
import { GROUPINGS, type Grouping, groupParked, rowId } from '../pure/group-parked.ts';
import { apiPath, type Route } from '../pure/route.ts';
import { plural } from '../pure/words.ts';
import { ParkedGroupView } from './parked-group.tsx';
import { ParkedTools } from './parked-tools.tsx';

const pathOf = (cursor: string | null) => apiPath('/api/parked', { cursor });

const WORDS: Readonly<Record<Grouping, string>> = { reason: 'Reason', type: 'Type', entity: 'Entity', place: 'Place' };

/** Parked and held events of the whole deployment. */
export function ParkedView({ params }: Route) {
  const list = usePaged<ParkedDocument, ParkedRow>(pathOf, eventsOf);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [text, setText] = useState('');
  const by = GROUPINGS.find((one) => one === params.get('by')) ?? 'reason';
  const at = params.get('at');
  const shown = useMemo(() => list.items.filter((row) => isWanted(row, at, text)), [list.items, at, text]);
  const groups = useMemo(() => groupParked(shown, by), [shown, by]);
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
  const places = [...new Set(list.items.map(({ name }) => name))].sort();
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
        <label class="field inline">
          <span>At</span>
          <select value={at ?? ''} onChange={(event) => go('parked', { by, at: event.currentTarget.value }, true)}>
            <option value="">every place</option>
            {[...new Set([...places, ...(at === undefined ? [] : [at])])].map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <SearchBox label="Search type, id or reason" value={text} change={setText} />
      </div>
      <ParkedTools chosen={chosen} shown={shown} select={select} reload={reload} />
      {list.failure !== undefined && (
        <Failure title="The parked events could not be read" message={list.failure} retry={reload} />
      )}
      {list.isLoading && list.items.length === 0 && <Notice kind="loading" title="Reading the parked events …" />}
      {list.isComplete && list.items.length === 0 && (
        <Notice kind="empty" title="Nothing is parked or held">
          <p>An event that can never be processed appears here, with its reason and what you can do.</p>
        </Notice>
      )}
      {list.items.length > 0 && shown.length === 0 && (
        <Notice kind="empty" title="No parked event matches">
          <p>Choose another place or another text.</p>
        </Notice>
      )}
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
      {!list.isComplete && list.items.length > 0 && (
        <button type="button" class="button" disabled={list.isLoading} onClick={list.more}>
          {list.isLoading ? 'Loading …' : `Load more: ${plural(list.items.length, 'event')} loaded`}
        </button>
      )}
    </>
  );
}

function eventsOf({ events }: ParkedDocument): readonly ParkedRow[] {
  return events;
}

function isWanted(row: ParkedRow, at: string | undefined, text: string): boolean {
  if (at !== undefined && row.name !== at) return false;
  const wanted = text.trim().toLowerCase();
  return [row.type, row.id, row.reason, row.key].some((one) => one?.toLowerCase().includes(wanted));
}
