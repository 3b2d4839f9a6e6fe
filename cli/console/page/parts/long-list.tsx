import type { ComponentChild } from 'preact';
import { useState } from 'preact/hooks';
import { count } from '../pure/words.ts';

interface LongListProps<Item> {
  readonly items: readonly Item[];
  readonly label: string;
  /** An item of the list, as a `li` with a key. */
  readonly item: (item: Item, index: number) => ComponentChild;
}

/** Items that are listed at first. */
const LISTED = 50;

/** A list whose beginning is shown, with a button that shows all of it. */
export function LongList<Item>({ items, label, item }: LongListProps<Item>) {
  const [isWhole, setWhole] = useState(false);
  return (
    <>
      <ul class="long-list" aria-label={label}>
        {(isWhole ? items : items.slice(0, LISTED)).map(item)}
      </ul>
      {!isWhole && items.length > LISTED && (
        <button type="button" class="link" onClick={() => setWhole(true)}>
          Show all {count(items.length)}
        </button>
      )}
    </>
  );
}
