import { useEffect } from 'preact/hooks';
import { storeOf } from './store.ts';

/** How many drafts are open that loading the page again would lose. */
export const drafts = storeOf(0);

/** Notes that a draft is open, as long as the part of the page that holds it is shown. */
export function useDraft(isOpen: boolean): void {
  useEffect(() => {
    if (!isOpen) return undefined;
    drafts.set(drafts.get() + 1);
    return () => drafts.set(drafts.get() - 1);
  }, [isOpen]);
}
