import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Archived, KeptArchive } from '../fifo/archive.ts';
import type { KeptQueue } from '../fifo/create-queue.ts';
import type { ReplayState } from '../fifo/replay.ts';
import type { KeptMessage } from '../fifo/stored-message.ts';
import type { KeptTopic } from '../fifo/topic.ts';
import type { StreamPositions } from '../lambda/shard-reader.ts';

/** One line of the journal. */
type Entry =
  | { readonly t: 'message'; readonly queue: string; readonly message: KeptMessage }
  | { readonly t: 'gone'; readonly queue: string; readonly id: string }
  | { readonly t: 'cleared'; readonly queue: string }
  | { readonly t: 'archive'; readonly topic: string; readonly sinceMs: number | null }
  | { readonly t: 'archived'; readonly topic: string; readonly message: Archived }
  | { readonly t: 'expired'; readonly topic: string; readonly to: number }
  | { readonly t: 'replay'; readonly topic: string; readonly queue: string; readonly state: ReplayState }
  | { readonly t: 'position'; readonly mapping: string; readonly shard: string; readonly at: string }
  | { readonly t: 'reserved'; readonly name: string; readonly concurrency: number | null };

/**
 * What a local cloud keeps besides its tables: messages in queues, archives and replays of topics, positions in
 * streams, stopped functions.
 */
export interface KeptState {
  /** Whether the folder already held the state of an earlier local cloud. */
  readonly isContinued: boolean;
  queue(name: string): KeptQueue;
  topic(name: string): KeptTopic;
  /** Where a stream mapping has read each shard to. */
  positions(mapping: string): StreamPositions;
  /** The reserved concurrencies that were set by hand: a number, or undefined where one was removed. */
  readonly reserved: ReadonlyMap<string, number | undefined>;
  setReserved(functionName: string, concurrency: number | undefined): void;
  close(): void;
}

interface Kept {
  readonly archives: Map<string, KeptArchive & { readonly messages: Archived[] }>;
  /** Topic to queue ARN to replay. */
  readonly replays: Map<string, Map<string, ReplayState>>;
  readonly queues: Map<string, Map<string, KeptMessage>>;
  readonly positions: Map<string, Map<string, string>>;
  readonly reserved: Map<string, number | undefined>;
}

/**
 * Opens the state in a folder. Each change is appended to a journal before the call that made it returns, so a process
 * that is killed loses none. Opening the journal rewrites it without what is gone.
 */
export function openKeptState(folder: string): KeptState {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'state.jsonl');
  const kept: Kept = {
    archives: new Map(),
    replays: new Map(),
    queues: new Map(),
    positions: new Map(),
    reserved: new Map(),
  };
  const isContinued = existsSync(file);
  for (const line of isContinued ? readFileSync(file, 'utf8').split('\n') : []) {
    const entry = parsed(line);
    if (entry !== undefined) apply(kept, entry);
  }
  writeFileSync(`${file}.new`, [...entriesOf(kept)].map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  renameSync(`${file}.new`, file);
  const descriptor = openSync(file, 'a');
  let isClosed = false;

  function note(entry: Entry): void {
    apply(kept, entry);
    if (!isClosed) writeSync(descriptor, `${JSON.stringify(entry)}\n`);
  }

  return {
    isContinued,
    queue(queue) {
      const messages = [...mapIn(kept.queues, queue).values()];
      return {
        messages,
        journal: {
          added({ messageId, body, messageAttributes, groupId, ...stored }, delayMs) {
            const { deduplicationId, sequenceNumber, deadLetterSourceArn, sentAtMs, arrivedAtMs } = stored;
            const ids = { messageId, deduplicationId, sequenceNumber, deadLetterSourceArn };
            const message = { ...ids, body, messageAttributes, sentAtMs, arrivedAtMs, delayMs };
            note({ t: 'message', queue, message: groupId === undefined ? message : { ...message, groupId } });
          },
          gone: (id) => note({ t: 'gone', queue, id }),
          cleared: () => note({ t: 'cleared', queue }),
        },
      };
    },
    topic: (topic) => ({
      archive: kept.archives.get(topic) ?? NO_ARCHIVE,
      journal: {
        activated: (sinceMs) => note({ t: 'archive', topic, sinceMs }),
        deactivated: () => note({ t: 'archive', topic, sinceMs: null }),
        archived: (message) => note({ t: 'archived', topic, message }),
        expired: (to) => note({ t: 'expired', topic, to }),
      },
      replay: (queue) => mapIn(kept.replays, topic).get(queue),
      noteReplay: (queue, state) => note({ t: 'replay', topic, queue, state }),
    }),
    positions: (mapping) => ({
      get: (shard) => mapIn(kept.positions, mapping).get(shard),
      set: (shard, at) => note({ t: 'position', mapping, shard, at }),
    }),
    reserved: kept.reserved,
    setReserved: (name, concurrency) => note({ t: 'reserved', name, concurrency: concurrency ?? null }),
    close() {
      if (isClosed) return;
      isClosed = true;
      closeSync(descriptor);
    },
  };
}

/** The last line may be incomplete, if the process was killed while it wrote the line. */
function parsed(line: string): Entry | undefined {
  try {
    return JSON.parse(line) as Entry;
  } catch {
    return undefined;
  }
}

function apply({ archives, replays, queues, positions, reserved }: Kept, entry: Entry): void {
  if (entry.t === 'message') mapIn(queues, entry.queue).set(entry.message.messageId, entry.message);
  else if (entry.t === 'gone') mapIn(queues, entry.queue).delete(entry.id);
  else if (entry.t === 'cleared') queues.delete(entry.queue);
  else if (entry.t === 'archive') archives.set(entry.topic, archiveSince(entry.sinceMs, archives.get(entry.topic)));
  else if (entry.t === 'archived') archives.get(entry.topic)?.messages.push(entry.message);
  else if (entry.t === 'expired') expire(archives, entry.topic, entry.to);
  else if (entry.t === 'replay') mapIn(replays, entry.topic).set(entry.queue, entry.state);
  else if (entry.t === 'position') mapIn(positions, entry.mapping).set(entry.shard, entry.at);
  else reserved.set(entry.name, entry.concurrency ?? undefined);
}

const NO_ARCHIVE = { sinceMs: undefined, messages: [], expiredTo: 0 } as const;

/** A (de)activated archive. It is empty, but its numbers continue. */
function archiveSince(sinceMs: number | null, { messages, expiredTo }: KeptArchive = NO_ARCHIVE) {
  return { sinceMs: sinceMs ?? undefined, messages: [], expiredTo: messages.at(-1)?.number ?? expiredTo };
}

function expire(archives: Kept['archives'], topic: string, expiredTo: number): void {
  const archive = archives.get(topic);
  if (archive === undefined) return;
  const messages = archive.messages.filter(({ number }) => number > expiredTo);
  archives.set(topic, { ...archive, messages, expiredTo });
}

function* entriesOf({ archives, replays, queues, positions, reserved }: Kept): Generator<Entry> {
  for (const [topic, { sinceMs, messages, expiredTo }] of archives) {
    yield { t: 'archive', topic, sinceMs: sinceMs ?? null };
    yield { t: 'expired', topic, to: expiredTo };
    for (const message of messages) yield { t: 'archived', topic, message };
  }
  for (const [topic, ofQueues] of replays)
    for (const [queue, state] of ofQueues) yield { t: 'replay', topic, queue, state };
  for (const [queue, messages] of queues)
    for (const message of messages.values()) yield { t: 'message', queue, message };
  for (const [mapping, shards] of positions)
    for (const [shard, at] of shards) yield { t: 'position', mapping, shard, at };
  for (const [name, concurrency] of reserved) yield { t: 'reserved', name, concurrency: concurrency ?? null };
}

function mapIn<T>(all: Map<string, Map<string, T>>, key: string): Map<string, T> {
  const found = all.get(key) ?? new Map<string, T>();
  all.set(key, found);
  return found;
}
