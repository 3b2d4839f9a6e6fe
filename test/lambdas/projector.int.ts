import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { deduplicationId, messageGroupId } from '../../core/entity.ts';
import { serialiseEvent } from '../../core/event.ts';
import { canonicalState } from '../../core/state.ts';
import { countries } from '../../examples/shop/geography/releases.ts';
import { createFunctionHost, type FunctionHost } from '../../local/lambda/host.ts';
import { bundleOf } from '../support/bundles.ts';

/** A request of the bundle's SDK that waits for an answer. */
interface Call {
  readonly action: string;
  readonly body: Record<string, unknown>;
  answer(status: number, json: unknown): void;
}

const PROJECTOR = 'projector';
/** The same bundle with a time-out of one second. */
const HURRIED = 'hurried';
let server: Server;
let host: FunctionHost;
let onCall: (call: Call) => void = () => {};

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const action = String(request.headers['x-amz-target']).split('.')[1] ?? '';
    onCall({
      action,
      body: JSON.parse(await text(request)),
      answer: (status, json) =>
        response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(json)),
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  host = createFunctionHost({
    endpoints: { dynamodb: url, sqs: url, sns: url },
    region: 'us-east-1',
    accountId: '000000000000',
  });
  const environment = {
    STACK_NAME: 'Ordering',
    CACHE_TABLE: 'cache',
    PARKING_TABLE: 'parking',
    GAP_QUEUE_URL: `${url}/000000000000/gaps`,
    PAGE_QUEUE_URL: `${url}/000000000000/pages`,
    QUEUE_URL: `${url}/000000000000/queue.fifo`,
    TOMBSTONE_LIFE_SECONDS: '5184000',
    MAX_EVENT_AGE_SECONDS: '5097600',
    RETRY_ATTEMPTS: '12',
    RETRY_AGE_SECONDS: '3600',
    NEWER_SCHEMA_WAIT_SECONDS: '3600',
  };
  const common = {
    codeDir: await bundleOf('Ordering', 'Projector'),
    handler: 'index.handler',
    environment,
    memoryMb: 512,
  };
  host.deploy({ name: PROJECTOR, ...common, timeoutMs: 20_000 });
  host.deploy({ name: HURRIED, ...common, timeoutMs: 1_000 });
});

afterAll(async () => {
  await host.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

beforeEach(() => {
  onCall = ({ answer }) => answer(200, {});
});

describe("the projector's deployed bundle", () => {
  test('the projector writes 10 different entities of one batch side by side', async () => {
    const held: Call[] = [];
    onCall = (call) => {
      held.push(call);
      // No write is answered before all ten were sent. Writes one after the other would never get here.
      if (held.length === 10) for (const { answer } of held) answer(200, {});
    };
    const result = await host.invoke(PROJECTOR, { Records: tenCountries().map((id) => record(id, 1)) });
    expect(result).toEqual({ ok: true, payload: { batchItemFailures: [] } });
    expect(held.map(({ action }) => action)).toEqual(Array(10).fill('PutItem'));
  });

  test('the projector returns only the group of a failing entity, whole, under one visibility', async () => {
    const ids = tenCountries().slice(0, 9);
    const failing = ids[4] ?? '';
    const stored: unknown[] = [];
    const postponed: Record<string, unknown>[] = [];
    onCall = ({ action, body, answer }) => {
      const id = (body.Item as { id: { S: string } } | undefined)?.id.S;
      if (action === 'ChangeMessageVisibilityBatch') {
        postponed.push(...(body.Entries as Record<string, unknown>[]));
        answer(200, { Successful: [], Failed: [] });
      } else if (id === failing) {
        answer(500, { __type: 'com.amazonaws.dynamodb.v20120810#InternalServerError', message: 'try again' });
      } else {
        stored.push(id);
        answer(200, {});
      }
    };
    const records = [...ids.map((id) => record(id, 1)), record(failing, 2)];
    const result = await host.invoke(PROJECTOR, { Records: records });
    const returned = [`${failing}-1`, `${failing}-2`];
    expect(result).toEqual({
      ok: true,
      payload: { batchItemFailures: returned.map((itemIdentifier) => ({ itemIdentifier })) },
    });
    expect(stored.sort()).toEqual(ids.filter((id) => id !== failing).sort());
    expect(postponed.map(({ ReceiptHandle }) => ReceiptHandle)).toEqual(returned.map((id) => `handle-${id}`));
    expect(new Set(postponed.map(({ VisibilityTimeout }) => VisibilityTimeout))).toEqual(new Set([1]));
  });

  test('the projector parks poison with its reason and applies the rest of the batch', async () => {
    const [id = '', other = ''] = tenCountries();
    const written: { TableName: string; Item: Record<string, { S: string }> }[] = [];
    onCall = ({ body, answer }) => {
      written.push(body as (typeof written)[number]);
      answer(200, {});
    };
    const poison = { ...record(id, 1), body: '{"specversion":"1.0"' };
    const result = await host.invoke(PROJECTOR, { Records: [poison, record(id, 2), record(other, 1)] });
    expect(result).toEqual({ ok: true, payload: { batchItemFailures: [] } });
    const into = (table: string) => written.filter(({ TableName }) => TableName === table).map(({ Item }) => Item);
    expect(
      into('cache')
        .map((item) => item.id?.S)
        .sort(),
    ).toEqual([id, other].sort());
    expect(into('parking')).toMatchObject([
      {
        pk: { S: `Country/${id}` },
        id: { S: 'event#00000000000000000001' },
        status: { S: 'parked' },
        reason: { S: 'malformed' },
        explanation: { S: expect.stringContaining('not JSON') },
        body: { S: poison.body },
      },
    ]);
  });

  test('the projector returns unfinished messages untouched and at once shortly before its time-out', async () => {
    const [slow = '', quick = ''] = tenCountries();
    const postponed: Record<string, unknown>[] = [];
    onCall = ({ action, body, answer }) => {
      if (action === 'ChangeMessageVisibilityBatch') {
        postponed.push(...(body.Entries as Record<string, unknown>[]));
        answer(200, { Successful: [], Failed: [] });
      } else if ((body.Item as { id: { S: string } }).id.S !== slow) answer(200, {});
      // The write of the slow entity is never answered.
    };
    const result = await host.invoke(HURRIED, { Records: [record(slow, 1), record(quick, 1)] });
    expect(result).toEqual({ ok: true, payload: { batchItemFailures: [{ itemIdentifier: `${slow}-1` }] } });
    expect(postponed).toMatchObject([{ ReceiptHandle: `handle-${slow}-1`, VisibilityTimeout: 0 }]);
  });
});

function tenCountries(): string[] {
  return countries()
    .slice(0, 10)
    .map(({ id }) => id);
}

/** An SQS record of the mapping, with a country at a version. */
function record(id: string, version: number) {
  const entity = { type: 'Country', id };
  const row = countries().find((country) => country.id === id);
  const { json, digest } = canonicalState(entity, { ...row?.state, capital: [`capital ${version}`] });
  const at = new Date().toISOString();
  const event = {
    kind: 'state' as const,
    entity,
    version,
    digest,
    owner: 'geography',
    schemaVersion: 1,
    changedAt: at,
    publishedAt: at,
  };
  return {
    messageId: `${id}-${version}`,
    receiptHandle: `handle-${id}-${version}`,
    body: serialiseEvent(event, json),
    attributes: {
      MessageGroupId: messageGroupId(entity),
      MessageDeduplicationId: deduplicationId(entity, version),
      ApproximateReceiveCount: '1',
      SequenceNumber: String(version).padStart(20, '0'),
      SentTimestamp: String(Date.parse(at)),
    },
  };
}
