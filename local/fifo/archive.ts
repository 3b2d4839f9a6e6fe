import { MS_PER_DAY } from './limits.ts';
import type { Notification } from './notification.ts';

/** A message in a topic's archive. */
export interface Archived {
  /** Grows by one with each archived message. */
  readonly number: number;
  readonly notification: Notification;
}

/** The archive that a topic had in an earlier process. */
export interface KeptArchive {
  /** When the archive was activated, epoch milliseconds; undefined if it isn't active. */
  readonly sinceMs: number | undefined;
  /** Oldest first. */
  readonly messages: readonly Archived[];
  /** The number of the last message that has expired. */
  readonly expiredTo: number;
}

/** Is told the changes of an archive. */
export interface ArchiveJournal {
  activated(sinceMs: number): void;
  /** Called when the archive is deactivated, which deletes its messages. */
  deactivated(): void;
  archived(message: Archived): void;
  /** Called when messages expire. @param to the number of the last one */
  expired(to: number): void;
}

/** The messages that a topic keeps for replays (sns/message-archiving-and-replay-topic-owner). */
export interface Archive {
  /**
   * Sets for how many days messages are kept. Undefined deactivates the archive, which deletes all its messages.
   */
  keep(days: number | undefined): void;
  isActive(): boolean;
  /** The oldest time from which messages can be replayed, epoch milliseconds; undefined if the archive isn't active. */
  beginningMs(): number | undefined;
  add(notification: Notification): void;
  /** Returns up to `limit` messages after the message with this number, published at `fromMs` or later. */
  after(number: number, fromMs: number, limit: number): readonly Archived[];
}

/** Creates an archive that isn't active, or the one of an earlier process. */
export function createArchive(now: () => number, kept?: KeptArchive, journal?: ArchiveJournal): Archive {
  let messages = [...(kept?.messages ?? [])];
  let sinceMs = kept?.sinceMs;
  let days: number | undefined;
  let last = messages.at(-1)?.number ?? kept?.expiredTo ?? 0;

  function beginningMs(): number | undefined {
    if (days === undefined || sinceMs === undefined) return undefined;
    return Math.max(sinceMs, now() - days * MS_PER_DAY);
  }

  function expire(): void {
    const fromMs = beginningMs() ?? 0;
    const isExpired = ({ notification }: Archived) => notification.atMs < fromMs;
    if (messages[0] === undefined || !isExpired(messages[0])) return;
    const first = messages.findIndex((message) => !isExpired(message));
    const expired = first === -1 ? messages : messages.slice(0, first);
    messages = messages.slice(expired.length);
    journal?.expired(expired.at(-1)?.number ?? 0);
  }

  return {
    keep(given) {
      days = given;
      if (given === undefined) {
        if (sinceMs !== undefined) journal?.deactivated();
        sinceMs = undefined;
        messages = [];
      } else if (sinceMs === undefined) {
        sinceMs = now();
        journal?.activated(sinceMs);
      }
    },
    isActive: () => days !== undefined,
    beginningMs,
    add(notification) {
      if (days === undefined) return;
      expire();
      last += 1;
      const message = { number: last, notification };
      messages.push(message);
      journal?.archived(message);
    },
    after(number, fromMs, limit) {
      expire();
      // The numbers have no gaps.
      const behind = messages.slice(Math.max(0, number + 1 - (messages[0]?.number ?? 0)));
      const first = behind.findIndex(({ notification }) => notification.atMs >= fromMs);
      return first === -1 ? [] : behind.slice(first, first + limit);
    },
  };
}
