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
import type { KeptQueue } from '../fifo/create-queue.ts';
import type { KeptMessage } from '../fifo/stored-message.ts';
import type { StreamPositions } from '../lambda/shard-reader.ts';

/** One line of the journal. */
type Entry =
  | { readonly t: 'message'; readonly queue: string; readonly message: KeptMessage }
  | { readonly t: 'gone'; readonly queue: string; readonly id: string }
  | { readonly t: 'cleared'; readonly queue: string }
  | { readonly t: 'position'; readonly mapping: string; readonly shard: string; readonly at: string }
  | { readonly t: 'reserved'; readonly name: string; readonly concurrency: number | null };

/** What a local cloud keeps besides its tables: messages in queues, positions in streams, stopped functions. */
export interface KeptState {
  /** Whether the folder already held the state of an earlier local cloud. */
  readonly isContinued: boolean;
  queue(name: string): KeptQueue;
  /** Where a stream mapping has read each shard to. */
  positions(mapping: string): StreamPositions;
  /** The reserved concurrencies that were set by hand: a number, or undefined where one was removed. */
  readonly reserved: ReadonlyMap<string, number | undefined>;
  setReserved(functionName: string, concurrency: number | undefined): void;
  close(): void;
}

interface Kept {
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
  const kept: Kept = { queues: new Map(), positions: new Map(), reserved: new Map() };
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

function apply({ queues, positions, reserved }: Kept, entry: Entry): void {
  if (entry.t === 'message') mapIn(queues, entry.queue).set(entry.message.messageId, entry.message);
  else if (entry.t === 'gone') mapIn(queues, entry.queue).delete(entry.id);
  else if (entry.t === 'cleared') queues.delete(entry.queue);
  else if (entry.t === 'position') mapIn(positions, entry.mapping).set(entry.shard, entry.at);
  else reserved.set(entry.name, entry.concurrency ?? undefined);
}

function* entriesOf({ queues, positions, reserved }: Kept): Generator<Entry> {
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
