import { useEffect } from 'preact/hooks';
import { go } from './live/route.ts';
import { Dialog } from './parts/dialog.tsx';
import { TITLES, VIEWS } from './pure/route.ts';

/** Follows the keys of the page: `/` searches, `?` shows the keys, 1 to 6 change the view. */
export function useKeys(showKeys: () => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const view = VIEWS[Number(event.key) - 1];
      if (event.key === '/') document.querySelector<HTMLElement>('main [data-search]')?.focus();
      else if (event.key === '?') showKeys();
      else if (view !== undefined) go(view, {});
      else return;
      event.preventDefault();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'button'].includes(target.type);
  return target instanceof HTMLElement && target.closest('textarea, select, dialog') !== null;
}

/** The keys of the page. */
export function Keys({ close }: { readonly close: () => void }) {
  const keys = [
    ['/', 'search in this view'],
    ['?', 'show these keys'],
    ...VIEWS.map((view, index) => [String(index + 1), TITLES[view]]),
    ['↑ ↓', 'go through a list of entities'],
    ['← →', 'change the tab'],
    ['Esc', 'close the details or a dialog'],
  ];
  return (
    <Dialog title="Keys" close={close}>
      <dl class="keys">
        {keys.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
