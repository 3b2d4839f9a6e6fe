import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import { createCacheWriter } from '../../../adapters/project/cache-writer.ts';
import { compressedIfSmaller } from '../../../core/compression.ts';
import { defineBoundary, keep } from '../../../core/contract/define-boundary.ts';
import { messageGroupId } from '../../../core/entity.ts';
import { serialiseEvent } from '../../../core/event.ts';
import { projectBatch } from '../../../core/project/batch.ts';
import type { ReceivedMessage } from '../../../core/project/ports.ts';
import { canonicalState, MAX_COMPRESSED_STATE_BYTES, MAX_PLAIN_STATE_BYTES, type State } from '../../../core/state.ts';
import { projecting } from '../../support/projecting.ts';
import { type Cell, spread, type Table } from '../../support/result.ts';
import type { DataSet } from './data-sets.ts';

const owner = defineBoundary(import.meta.url, {
  name: 'documents',
  owns: { Document: { schema: z.record(z.string(), z.json()) } },
});
const cache = defineBoundary(import.meta.url, { name: 'reader', caches: { Document: keep(owner.owns.Document) } });

/** A client that sends nothing: each request is serialised and signed, and answered at once. */
const client = new DynamoDBClient({
  region: 'us-east-1',
  credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
  requestHandler: {
    handle: async () => ({ response: { statusCode: 200, headers: {}, body: Buffer.from('{}') } }),
  },
});
const projection = projecting(cache, createCacheWriter({ client, tableName: 'bench' }));

/** JSON that a projector reads in one measurement, so that small states are measured for as long as large ones. */
const BYTES_OF_ROUND = 1_500_000;
const MOST_EVENTS = 100;

/** The CPU time of a projector for an event with a large state, as JSON and compressed, in turns. */
export async function projectorCpu(sets: readonly DataSet[], rounds: number): Promise<Table> {
  const rows: Cell[][] = [];
  for (const { name, json } of sets) {
    const form = compressedIfSmaller(json);
    if (form !== undefined && form.length > MAX_COMPRESSED_STATE_BYTES) continue;
    const isSendable = Buffer.byteLength(json) <= MAX_PLAIN_STATE_BYTES;
    const [plain, small] = await inTurns([isSendable ? json : undefined, form], json, rounds);
    const ratios = small?.flatMap((ms, round) => (plain === undefined ? [] : ms / (plain[round] ?? Number.NaN))) ?? [];
    const cell = (values: readonly number[] | undefined): Cell =>
      values === undefined || values.length === 0 ? '–' : spread(values);
    rows.push([name, Buffer.byteLength(json), cell(plain), cell(small), cell(ratios)]);
  }
  return {
    title: 'CPU time of a projector for one event',
    note:
      'A projector reads the event, checks its digest and its schema, which accepts any state, and writes the whole state. ' +
      'The request to DynamoDB is serialised and signed, and not sent. An event with JSON is what an owner of a release ' +
      'without compression publishes: the projector compresses the state before it writes it. Both events are measured ' +
      `in turns, in ${rounds} rounds. The ratio is the CPU time for the compressed event divided by that for JSON. "–" is ` +
      'too large to be published as JSON.',
    columns: ['state', 'JSON bytes', 'ms with JSON', 'ms compressed', 'ratio'],
    rows,
  };
}

/** CPU milliseconds an event, for each form and round. The first round is for warming up and isn't counted. */
async function inTurns(
  forms: readonly (string | Uint8Array | undefined)[],
  json: string,
  rounds: number,
): Promise<(readonly number[] | undefined)[]> {
  const taken = forms.map((form): number[] | undefined => (form === undefined ? undefined : []));
  const { digest } = canonicalState({ type: 'Document', id: 'any' }, JSON.parse(json) as State);
  const events = Math.max(3, Math.min(MOST_EVENTS, Math.ceil(BYTES_OF_ROUND / json.length)));
  for (let round = 0; round <= rounds; round += 1) {
    for (let turn = 0; turn < forms.length; turn += 1) {
      const position = (round + turn) % forms.length;
      const form = forms[position];
      if (form === undefined) continue;
      const messages = Array.from({ length: events }, (_, n) => messageOf(`${round}-${n}`, digest, form));
      const cpu = process.cpuUsage();
      for (const message of messages) {
        const { returned } = await projectBatch(projection, [message]);
        if (returned[0] !== undefined) throw returned[0].error;
      }
      const { user, system } = process.cpuUsage(cpu);
      if (round > 0) taken[position]?.push((user + system) / 1000 / events);
    }
  }
  return taken;
}

function messageOf(id: string, digest: string, data: string | Uint8Array): ReceivedMessage {
  const entity = { type: 'Document', id };
  const at = new Date().toISOString();
  const event = { kind: 'state', entity, version: 1, digest, owner: 'documents', schemaVersion: 1 } as const;
  return {
    messageId: id,
    groupId: messageGroupId(entity),
    sequenceNumber: '1',
    body: serialiseEvent({ ...event, changedAt: at, publishedAt: at }, data),
    receiveCount: 1,
    sentAtMs: Date.now(),
    firstReceivedAtMs: Date.now(),
  };
}
