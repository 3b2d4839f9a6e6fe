import { useCallback, useEffect } from 'preact/hooks';
import type { EntitiesDocument } from '../../api/documents.ts';
import { written } from '../live/actions.ts';
import { usePaged } from '../live/fetched.ts';
import { go } from '../live/route.ts';
import { useSearchText } from '../live/search-text.ts';
import { useStore } from '../live/store.ts';
import { Icon } from '../parts/icon.tsx';
import { Failure, Notice } from '../parts/notice.tsx';
import { SearchBox } from '../parts/search-box.tsx';
import { Ident } from '../parts/text.tsx';
import { VirtualList } from '../parts/virtual-list.tsx';
import { apiPath, routeTo } from '../pure/route.ts';
import { clock, count } from '../pure/words.ts';

type Entity = EntitiesDocument['entities'][number];

interface EntityListProps {
  readonly type: string;
  readonly prefix: string;
  /** The id of the entity that is open. */
  readonly chosen: string | undefined;
}

const ROW_PX = 40;
/** Entities of a page. */
const PAGE = 100;

/** All entities of a type, read page by page. */
export function EntityList({ type, prefix, chosen }: EntityListProps) {
  const [text, setText] = useSearchText(prefix, (found) => go('entities', { type, prefix: found, id: chosen }, true));
  const pathOf = useCallback(
    (cursor: string | null) => apiPath('/api/entities', { type, prefix: prefix === '' ? null : prefix, cursor }),
    [type, prefix],
  );
  const list = usePaged<EntitiesDocument, Entity>(pathOf, entitiesOf);
  const writes = useStore(written, (one) => one);
  useEffect(() => {
    // A longer list would lose its place.
    if (writes > 0 && list.items.length <= PAGE) list.reload();
  }, [writes]);
  const now = Date.now();
  const { page, items } = list;
  return (
    <>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (text !== '') go('entities', { type, prefix: text, id: text });
        }}
      >
        <SearchBox label="Search by the beginning of the id" value={text} change={setText} />
      </form>
      <p class="list-state" role="status">
        {page !== undefined && `${count(items.length)} loaded from ${page.listedAt.role} ${page.listedAt.name}`}
        {list.isComplete ? ', all' : list.isLoading ? ', loading …' : ', more on scrolling'}
      </p>
      {list.failure !== undefined && (
        <Failure title="The entities could not be read" message={list.failure} retry={list.reload} />
      )}
      {list.isComplete && items.length === 0 && (
        <Notice kind="empty" title={prefix === '' ? `${type} has no entities yet` : 'No id begins with this text'}>
          <p>Press Enter in the search field to open the id itself, also if the entity doesn't exist or is deleted.</p>
        </Notice>
      )}
      {items.length > 0 && (
        <VirtualList
          items={items}
          label={`Entities of ${type}`}
          rowHeight={ROW_PX}
          keyOf={({ id }) => id}
          nearEnd={list.more}
          row={({ id, version, changedAt, isDeleted }) => (
            <a
              class="entity-row"
              href={routeTo('entities', { type, prefix, id })}
              aria-current={id === chosen ? 'true' : undefined}
            >
              <Ident text={id} />
              {isDeleted && (
                <span class="dim">
                  <Icon name="close" /> deleted
                </span>
              )}
              <span class="dim">v{version}</span>
              <time class="dim" dateTime={changedAt}>
                {clock(changedAt, now)}
              </time>
            </a>
          )}
        />
      )}
    </>
  );
}

function entitiesOf({ entities }: EntitiesDocument): readonly Entity[] {
  return entities;
}
