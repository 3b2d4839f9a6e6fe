import { createAlarmChanges } from './alarm-changes.ts';
import type { ErrorDocument, FlowDocument, NumbersDocument } from './api/documents.ts';
import { createLiveClients, type LiveClient } from './live-clients.ts';

/** What the console sends to all open pages as server-sent events. */
export interface Live {
  /** Adds a client. The client gets the newest document at once. @returns a function that removes it */
  join(client: LiveClient): () => void;
  /** Tells the clients that the deployment was replaced, and looks at the new one. */
  replaced(): void;
  /** Looks at once: an action of the page has changed something. */
  acted(): void;
  /** Changes of alarms since the start, the newest first. */
  alarmChanges(): NumbersDocument['alarmChanges'];
  /** Drops all clients and looks no more. */
  close(): void;
}

/** What `createLive` needs. */
export interface LiveOptions {
  read(): Promise<FlowDocument>;
  /** Whether the deployment is the local cloud, where a look costs nothing. */
  isLocal(): boolean;
  /** What the clients are told about a failed look. */
  explain(error: unknown): ErrorDocument;
  /** What a test replaces. @default - the clock and the timers of this process */
  readonly clock?: { now(): number; after(milliseconds: number, then: () => void): () => void };
}

/** Tells a page that the flow is as before, and that the console still looks. */
const SAME = eventText('same', '{}');

/** Time from the end of a look to the next one. */
const LOOK_MS = { moving: 1_000, still: 3_000, aws: 5_000, mostAfterTrouble: 5_000 } as const;

/** How long nothing may have changed until the local cloud counts as still. */
const STILL_AFTER_MS = 10_000;

const THIS_PROCESS: NonNullable<LiveOptions['clock']> = {
  now: Date.now,
  after(milliseconds, then) {
    const timer = setTimeout(then, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** Creates the loop that looks at the flow for all clients together. It looks only while there are clients. */
export function createLive({ read, isLocal, explain, clock = THIS_PROCESS }: LiveOptions): Live {
  const clients = createLiveClients();
  const alarms = createAlarmChanges();
  let newest: { readonly key: string; readonly text: string } | undefined;
  let active = '';
  let activeAtMs = Number.NEGATIVE_INFINITY;
  let failures = 0;
  let isLooking = false;
  let isClosed = false;
  /** Counts the deployments, so that a look at a former one is ignored. */
  let generation = 0;
  let cancel: (() => void) | undefined;

  async function look(): Promise<void> {
    cancel?.();
    isLooking = true;
    const of = generation;
    try {
      const document = await read();
      if (of === generation) show(document);
    } catch (error) {
      if (of === generation) tell(error);
    }
    isLooking = false;
    if (isClosed) return;
    if (clients.count() > 0) cancel = clock.after(of === generation ? pauseMs() : 0, () => void look());
    // A client that comes later must not get what was true now.
    else newest = undefined;
  }

  function show(document: FlowDocument): void {
    alarms.see(document);
    const key = JSON.stringify({ ...document, at: '' });
    const isSame = key === newest?.key && failures === 0;
    failures = 0;
    const moves = activityOf(document);
    if (moves !== active) activeAtMs = clock.now();
    active = moves;
    newest = isSame ? newest : { key, text: eventText('flow', JSON.stringify(document)) };
    clients.send(isSame ? SAME : (newest?.text ?? ''));
  }

  function tell(error: unknown): void {
    failures += 1;
    newest = { key: '', text: eventText('trouble', JSON.stringify(explain(error))) };
    clients.send(newest.text);
  }

  function pauseMs(): number {
    if (!isLocal()) return LOOK_MS.aws;
    if (failures > 0) return Math.min(LOOK_MS.mostAfterTrouble, LOOK_MS.moving * 2 ** (failures - 1));
    return clock.now() - activeAtMs < STILL_AFTER_MS ? LOOK_MS.moving : LOOK_MS.still;
  }

  function forget(): void {
    if (clients.count() > 0 || isLooking) return;
    cancel?.();
    newest = undefined;
  }

  return {
    join(client) {
      const leave = clients.add(client, forget);
      if (newest !== undefined) clients.sendTo(client, newest.text);
      else if (!isLooking && !isClosed) void look();
      return leave;
    },
    replaced() {
      generation += 1;
      failures = 0;
      newest = undefined;
      alarms.replaced();
      clients.send(eventText('deployment', '{}'));
      if (clients.count() > 0 && !isLooking && !isClosed) void look();
    },
    acted() {
      activeAtMs = clock.now();
      if (clients.count() > 0 && !isLooking && !isClosed) void look();
    },
    alarmChanges: alarms.all,
    close() {
      isClosed = true;
      cancel?.();
      clients.dropAll();
    },
  };
}

/** JSON has no line breaks, so it is one line of data. */
function eventText(event: string, json: string): string {
  return `event: ${event}\ndata: ${json}\n\n`;
}

/** The document without what changes while nothing moves. */
function activityOf(document: FlowDocument): string {
  return JSON.stringify(document, (name, value) => (name === 'at' || name === 'stalenessSeconds' ? null : value));
}
