import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { EntityDocument } from '../../api/documents.ts';
import { type Fetched, useFetched } from '../live/fetched.ts';
import { live, tick } from '../live/live.ts';
import { apiPath } from '../pure/route.ts';
import { type History, isSettled, noteVersions } from '../pure/versions.ts';

/** An entity that is open: its newest reading and the versions seen since it was opened. */
export interface Followed extends Fetched<EntityDocument> {
  readonly history: History;
  /** Reads the entity several times a second until the caches have a version. */
  readonly expect: (version: number) => void;
}

/** How often an entity is read while a change travels. */
const WATCH_MS = 250;
/** How long a change is watched that closely. After that, the live pictures decide. */
const WATCH_FOR_MS = 60_000;
/** An entity is read with every so many pictures although nothing moves. */
const RARELY = 10;

const NONE: History = [];

/** Reads an entity and follows it. */
export function useFollowedEntity(type: string, id: string): Followed {
  const fetched = useFetched<EntityDocument>(apiPath('/api/entity', { type, id }));
  const [history, setHistory] = useState<History>();
  const [wanted, setWanted] = useState<{ readonly version: number; readonly untilMs: number }>();
  const newest = useRef(fetched);
  newest.current = fetched;
  const { document, reload } = fetched;
  const readAgain = useCallback(async () => {
    const read = await reload();
    // Every reading counts, also one that says nothing new apart from its time.
    if (read !== undefined) setHistory((seen) => noteVersions(seen, read));
    return read;
  }, [reload]);
  useEffect(() => {
    if (document !== undefined) setHistory((seen) => noteVersions(seen, document));
  }, [document]);
  useTicks(readAgain, newest);
  useEffect(() => {
    if (wanted === undefined) return undefined;
    let timer: ReturnType<typeof setTimeout>;
    let isOver = false;
    const watch = async () => {
      const read = await readAgain();
      if (isOver || Date.now() > wanted.untilMs || (read !== undefined && isSettled(read, wanted.version))) return;
      timer = setTimeout(watch, WATCH_MS);
    };
    void watch();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [wanted, readAgain]);
  const expect = useCallback((version: number) => setWanted({ version, untilMs: Date.now() + WATCH_FOR_MS }), []);
  return { ...fetched, reload: readAgain, history: history ?? NONE, expect };
}

/** Reads the entity with a live picture if something moved, or if a cache doesn't have the owner's version yet. */
function useTicks(readAgain: () => Promise<unknown>, newest: { readonly current: Fetched<EntityDocument> }): void {
  const last = useRef(live.get().flow);
  useEffect(() => {
    let isReading = false;
    return tick.follow(() => {
      const { flow } = live.get();
      const { document } = newest.current;
      const hasMoved = flow !== last.current;
      last.current = flow;
      const isUnsettled = document === undefined || !isSettled(document, 0);
      if (isReading || (!hasMoved && !isUnsettled && tick.get().number % RARELY !== 0)) return;
      isReading = true;
      void readAgain().finally(() => {
        isReading = false;
      });
    });
  }, [readAgain]);
}
