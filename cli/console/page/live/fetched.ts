import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { shareUnchanged } from '../pure/share.ts';
import { read } from './request.ts';

/** A document of the API and how its reading stands. */
export interface Fetched<Document> {
  /** The newest document; undefined before the first one. */
  readonly document: Document | undefined;
  /** Why the newest reading failed. */
  readonly failure: string | undefined;
  readonly isLoading: boolean;
  /** Reads it again; the returned promise ends with the document, or undefined after a failure. */
  readonly reload: () => Promise<Document | undefined>;
}

interface Reading<Document> {
  readonly path: string | undefined;
  readonly document: Document | undefined;
  readonly failure: string | undefined;
  readonly isLoading: boolean;
}

/**
 * Reads a document of the API, and again when its path changes.
 *
 * @param path undefined: nothing is read
 */
export function useFetched<Document>(path: string | undefined): Fetched<Document> {
  const none = { path, document: undefined, failure: undefined, isLoading: path !== undefined };
  const [reading, setReading] = useState<Reading<Document>>(none);
  const newest = useRef(path);
  newest.current = path;
  const reload = useCallback(async () => {
    if (path === undefined) return undefined;
    const answer = await read<Document>(path);
    if (newest.current !== path) return undefined;
    const document = answer.kind === 'document' ? answer.document : undefined;
    setReading((last) => {
      const old = last.path === path ? last.document : undefined;
      return shareUnchanged(last, {
        path,
        document: document === undefined ? old : shareUnchanged(old, document),
        failure: answer.kind === 'failed' ? answer.message : undefined,
        isLoading: false,
      });
    });
    return document;
  }, [path]);
  useEffect(() => {
    void reload();
  }, [reload]);
  // The document of another path isn't shown, not even until the new one is there.
  const { document, failure, isLoading } = reading.path === path ? reading : none;
  return { document, failure, isLoading, reload };
}

/** A list that is read page by page. */
export interface Paged<Item, Page> {
  readonly items: readonly Item[];
  /** The newest page. */
  readonly page: Page | undefined;
  readonly isComplete: boolean;
  readonly isLoading: boolean;
  readonly failure: string | undefined;
  readonly more: () => void;
  readonly reload: () => void;
}

/** A page of a list. */
interface PageOf {
  readonly cursor: string | null;
}

/**
 * Reads the first page of a list, and the next one with each call of `more`.
 *
 * @param pathOf the path of a page, by the cursor of the page before it; it must be the same function for the same list
 */
export function usePaged<Page extends PageOf, Item>(
  pathOf: ((cursor: string | null) => string) | undefined,
  itemsOf: (page: Page) => readonly Item[],
): Paged<Item, Page> {
  const empty = {
    items: [] as readonly Item[],
    page: undefined as Page | undefined,
    failure: undefined as string | undefined,
  };
  const [list, setList] = useState({ ...empty, isLoading: pathOf !== undefined });
  const generation = useRef(0);
  const isBusy = useRef(false);
  const load = useCallback(
    async (from: typeof empty) => {
      if (pathOf === undefined) return;
      const mine = generation.current;
      isBusy.current = true;
      setList({ ...from, isLoading: true });
      const answer = await read<Page>(pathOf(from.page?.cursor ?? null));
      if (generation.current !== mine) return;
      isBusy.current = false;
      setList(
        answer.kind === 'failed'
          ? { ...from, failure: answer.message, isLoading: false }
          : {
              items: [...from.items, ...itemsOf(answer.document)],
              page: answer.document,
              failure: undefined,
              isLoading: false,
            },
      );
    },
    [pathOf],
  );
  const reload = useCallback(() => {
    generation.current += 1;
    void load(empty);
  }, [load]);
  useEffect(reload, [reload]);
  const { items, page, failure, isLoading } = list;
  const isComplete = page !== undefined && page.cursor === null;
  const more = () => {
    if (!isBusy.current && !isComplete) void load({ items, page, failure: undefined });
  };
  return { items, page, failure, isLoading, isComplete, more, reload };
}
