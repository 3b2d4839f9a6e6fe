import { useState } from 'preact/hooks';
import type { ParkedRow } from '../../api/documents.ts';
import { Badge } from '../parts/badge.tsx';
import { Icon } from '../parts/icon.tsx';
import { EventText, Ident } from '../parts/text.tsx';
import { type Grouping, type ParkedGroup, ROLE_WORDS, rowId } from '../pure/group-parked.ts';
import { ago, plural } from '../pure/words.ts';
import { ParkedEvent } from './parked-event.tsx';

interface ParkedGroupProps {
  readonly group: ParkedGroup;
  readonly by: Grouping;
  /** Whether the group is open at first. */
  readonly isOpen: boolean;
  readonly selected: ReadonlySet<string>;
  readonly select: (rows: readonly ParkedRow[], isSelected: boolean) => void;
  readonly reload: () => void;
}

/** Events of a group that are listed at first. */
const LISTED = 50;

/** Parked events with something in common. */
export function ParkedGroupView({ group: { label, rows }, by, isOpen, selected, select, reload }: ParkedGroupProps) {
  const [isShown, setShown] = useState(isOpen);
  const [listed, setListed] = useState(LISTED);
  const isAll = rows.every((row) => selected.has(rowId(row)));
  const held = rows.filter(({ status }) => status === 'held').length;
  return (
    <section class="parked-group" aria-label={`Group ${label}`}>
      <header>
        <input
          type="checkbox"
          checked={isAll}
          aria-label={`Select all of ${label}`}
          onChange={() => select(rows, !isAll)}
        />
        <button type="button" class="group-toggle" aria-expanded={isShown} onClick={() => setShown(!isShown)}>
          <Icon name={isShown ? 'down' : 'right'} />
          <span class="group-label">
            <EventText text={label} />
          </span>
          <span class="dim">
            {plural(rows.length, 'event')}
            {held > 0 && `, ${held} held`}
          </span>
        </button>
      </header>
      {isShown && (
        <ul class="plain">
          {rows.slice(0, listed).map((row) => (
            <Row
              key={rowId(row)}
              row={row}
              by={by}
              isSelected={selected.has(rowId(row))}
              select={select}
              reload={reload}
            />
          ))}
        </ul>
      )}
      {isShown && rows.length > listed && (
        <button type="button" class="link" onClick={() => setListed(listed + 4 * LISTED)}>
          Show more of {plural(rows.length, 'event')}
        </button>
      )}
    </section>
  );
}

type RowProps = Pick<ParkedGroupProps, 'by' | 'select' | 'reload'> & {
  readonly row: ParkedRow;
  readonly isSelected: boolean;
};

function Row({ row, by, isSelected, select, reload }: RowProps) {
  const [isShown, setShown] = useState(false);
  const { role, name, status, reason, type, id, version, parkedAt } = row;
  return (
    <li class="parked-row">
      <div class="parked-line">
        <input
          type="checkbox"
          checked={isSelected}
          aria-label={`Select ${type ?? 'event'} ${id ?? row.key} at ${name}`}
          onChange={() => select([row], !isSelected)}
        />
        <button type="button" class="row-toggle" aria-expanded={isShown} onClick={() => setShown(!isShown)}>
          <Icon name={isShown ? 'down' : 'right'} />
          <Badge tone={status === 'held' ? 'calm' : 'warn'} icon={status}>
            {status}
          </Badge>
          <span class="row-entity">
            {type ?? 'not readable'} {id !== null && <Ident text={id} />}
            {version !== null && <span class="dim"> v{version}</span>}
          </span>
          {by !== 'reason' && <span>{reason}</span>}
          <span class="dim">
            {ROLE_WORDS[role]} {name}
          </span>
          <time class="dim" dateTime={parkedAt}>
            {ago(parkedAt, Date.now())}
          </time>
        </button>
      </div>
      {isShown && <ParkedEvent row={row} reload={reload} />}
    </li>
  );
}
