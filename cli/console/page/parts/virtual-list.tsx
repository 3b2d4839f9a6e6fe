import type { ComponentChild } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

interface VirtualListProps<Item> {
  readonly items: readonly Item[];
  readonly label: string;
  readonly rowHeight: number;
  readonly keyOf: (item: Item) => string;
  readonly row: (item: Item) => ComponentChild;
  /** Called when the reader is near the end. */
  readonly nearEnd: () => void;
}

/** Rows that are kept ready above and below the visible ones. */
const SPARE = 12;

/** A list of which only the visible rows exist. The arrow keys move the focus from row to row. */
export function VirtualList<Item>({ items, label, rowHeight, keyOf, row, nearEnd }: VirtualListProps<Item>) {
  const ref = useRef<HTMLElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const first = Math.max(0, Math.floor(view.top / rowHeight) - SPARE);
  const end = Math.min(items.length, Math.ceil((view.top + view.height) / rowHeight) + SPARE);
  useEffect(() => {
    const box = ref.current;
    if (box === null) return undefined;
    const measure = () => setView({ top: box.scrollTop, height: box.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    box.addEventListener('scroll', measure, { passive: true });
    return () => {
      observer.disconnect();
      box.removeEventListener('scroll', measure);
    };
  }, []);
  useEffect(() => {
    if (end >= items.length) nearEnd();
  }, [end, items.length]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the list is scrolled with the keyboard
    <section class="virtual" ref={ref} tabIndex={0} aria-label={label} onKeyDown={moveFocus}>
      <ul style={{ height: `${items.length * rowHeight}px` }}>
        {items.slice(first, end).map((item, index) => (
          <li
            key={keyOf(item)}
            style={{ transform: `translateY(${(first + index) * rowHeight}px)`, height: `${rowHeight}px` }}
            aria-setsize={-1}
            aria-posinset={first + index + 1}
          >
            {row(item)}
          </li>
        ))}
      </ul>
    </section>
  );
}

function moveFocus(event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  if (step === 0) return;
  const links = [...event.currentTarget.querySelectorAll<HTMLElement>('li > a, li > button')];
  const index = links.indexOf(document.activeElement as HTMLElement);
  const next = links[index === -1 ? 0 : index + step];
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
}
