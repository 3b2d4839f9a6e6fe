/** Calls the listeners that wait for a queue's messages: at once, and in the order in which they were registered. */
export interface Signals {
  /** Called when messages become receivable. Returns a function that removes the listener. */
  onAvailable(listener: () => void): () => void;
  /**
   * Called when the next message may become visible earlier than before. Returns a function that removes the listener.
   */
  onRescheduled(listener: () => void): () => void;
  announce(available: boolean, rescheduled: boolean): void;
}

export function createSignals(): Signals {
  const available = new Set<() => void>();
  const rescheduled = new Set<() => void>();
  return {
    onAvailable: (listener) => register(available, listener),
    onRescheduled: (listener) => register(rescheduled, listener),
    announce(isAvailable, isRescheduled) {
      if (isAvailable) callAll(available);
      if (isRescheduled) callAll(rescheduled);
    },
  };
}

function register(listeners: Set<() => void>, listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Iterates over a copy, because a listener may register or remove listeners. */
function callAll(listeners: ReadonlySet<() => void>): void {
  for (const listener of [...listeners]) listener();
}
