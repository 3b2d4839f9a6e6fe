/** Tells who waits for a queue's messages that it is time to look, at once and in the order of their asking. */
export class Signals {
  readonly #onAvailable = new Set<() => void>();
  readonly #onRescheduled = new Set<() => void>();

  /** Messages became receivable. Returns how to stop the calls. */
  onAvailable(listener: () => void): () => void {
    this.#onAvailable.add(listener);
    return () => this.#onAvailable.delete(listener);
  }

  /** The time at which the next message becomes visible may have become earlier. Returns how to stop the calls. */
  onRescheduled(listener: () => void): () => void {
    this.#onRescheduled.add(listener);
    return () => this.#onRescheduled.delete(listener);
  }

  announce(news: { readonly available: boolean; readonly rescheduled: boolean }): void {
    if (news.available) for (const listener of [...this.#onAvailable]) listener();
    if (news.rescheduled) for (const listener of [...this.#onRescheduled]) listener();
  }
}
