/** A connection that is open while the page is visible. */
export interface Connection {
  /** Opens the connection, or closes it. */
  setVisible(isVisible: boolean): void;
}

/**
 * Keeps at most one connection, and opens it again after the server ended it. A hidden page holds none, because a
 * browser opens only six connections to one server for all its tabs.
 *
 * @param open opens a connection. `lost` tells that it ended for good. Returns how to close it
 * @param later calls a function after a pause. Returns how to cancel that
 */
export function createConnection(
  open: (lost: () => void) => () => void,
  later: (then: () => void) => () => void,
): Connection {
  let close: (() => void) | undefined;
  let cancel: (() => void) | undefined;
  const end = () => {
    cancel?.();
    close?.();
    cancel = undefined;
    close = undefined;
  };
  const connect = () => {
    cancel = undefined;
    let isMine = true;
    const mine = open(() => {
      if (!isMine) return;
      end();
      cancel = later(connect);
    });
    close = () => {
      isMine = false;
      mine();
    };
  };
  return {
    setVisible(isVisible) {
      if (!isVisible) end();
      else if (close === undefined && cancel === undefined) connect();
    },
  };
}

/**
 * Makes a reading that never overlaps itself, so that an older answer can't replace a newer one. Calls during a reading
 * lead to one more reading, and get its result.
 */
export function oneAtATime<Result>(read: () => Promise<Result>): () => Promise<Result> {
  let current: Promise<Result> | undefined;
  let next: Promise<Result> | undefined;
  const begin = (): Promise<Result> => {
    next = undefined;
    const mine = read().finally(() => {
      if (current === mine) current = undefined;
    });
    current = mine;
    return mine;
  };
  return () => {
    if (current === undefined) return begin();
    next ??= current.then(begin, begin);
    return next;
  };
}

/**
 * What the page does after it read the deployment again. Another instance of the console has another token and may have
 * another version of the page, so the page must be loaded again.
 *
 * @param before the instance that served the page; undefined if it isn't known yet
 */
export function whatToDoAbout(before: string | undefined, now: string, hasDraft: boolean): 'stay' | 'reload' | 'offer' {
  if (before === undefined || before === now) return 'stay';
  return hasDraft ? 'offer' : 'reload';
}
