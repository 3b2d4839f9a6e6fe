import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  FilterLogEventsCommand,
  GetQueryResultsCommand,
  StartQueryCommand,
  StopQueryCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLogQueries } from '../../../local/cloudwatch/log-queries.ts';
import { createLogStore } from '../../../local/cloudwatch/log-store.ts';
import { startWire, type Wire } from '../../../local/wire/server.ts';
import { virtualAccount } from '../fifo/virtual-account.ts';

const GROUP = '/aws/lambda/a';
let nowMs = 0;
const logs = createLogStore(() => nowMs);
let wire: Wire;
let client: CloudWatchLogsClient;

beforeAll(async () => {
  const functions = {
    functions: () => [{ name: 'a' }, { name: 'b' }],
    definition: (name: string) => ({ name, ...(name === 'b' && { logGroup: 'group-b' }) }),
  };
  const queries = createLogQueries();
  wire = await startWire({ messaging: virtualAccount().messaging, logs: () => ({ logs, functions, queries }) });
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  client = new CloudWatchLogsClient({ endpoint: wire.url, region: 'us-east-1', credentials, maxAttempts: 1 });
  for (const [atMs, name, line] of [
    [1_000, 'a', 'one "x"'],
    [2_000, 'a', 'two é x'],
    [2_500, 'b', 'two of b'],
    [2_999, 'a', 'two again'],
    [9_000, 'a', 'late'],
  ] as const) {
    nowMs = atMs;
    logs.record(name, line);
  }
});
afterAll(async () => {
  client?.destroy();
  await wire?.close();
});

const queryOf = (filter: string, limit: number | string = 10) =>
  `fields @timestamp, @message\n| filter ${filter}\n| sort @timestamp desc\n| limit ${limit}`;

const start = (queryString: string, logGroupName = GROUP, endTime = 2) =>
  client.send(new StartQueryCommand({ logGroupName, startTime: 1, endTime, queryString }));

async function found(queryString: string): Promise<string[]> {
  const { queryId } = await start(queryString);
  const { status, results = [] } = await client.send(new GetQueryResultsCommand({ queryId }));
  expect(status).toBe('Complete');
  return results.map((row) =>
    row
      .map(({ value }) => value)
      .slice(0, 2)
      .join(' '),
  );
}

describe('queries of CloudWatch Logs Insights in the local cloud', () => {
  test('a query finds the newest lines of a log group between two seconds that match one of its expressions', async () => {
    expect(await found(queryOf('@message like /two|one/'))).toEqual([
      '1970-01-01 00:00:02.999 two again\n',
      '1970-01-01 00:00:02.000 two é x\n',
      '1970-01-01 00:00:01.000 one "x"\n',
    ]);
    expect(await found(queryOf('@message like /"x"/ or @message like /two [^ ] x/'))).toHaveLength(2);
    expect(await found(queryOf('@message like /two/', 1))).toHaveLength(1);
    expect(await found(queryOf('@message like /none/'))).toEqual([]);
  });

  test.each([
    'fields @timestamp, @message',
    queryOf('Staleness > 3'),
    queryOf('@message like /a/', 0),
    queryOf('@message like /a/', 10_001),
    queryOf('@message like /(/'),
    queryOf('@message like /a/ | stats count(*)'),
    `${queryOf('@message like /a/')} | stats count(*)`,
  ])('a query of another form is refused as malformed: %j', async (query) => {
    await expect(start(query)).rejects.toMatchObject({ name: 'MalformedQueryException' });
  });

  test('an unknown log group, an unknown query and a reversed span are refused', async () => {
    const query = queryOf('@message like /a/');
    await expect(start(query, 'none')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(start(query, GROUP, 0)).rejects.toMatchObject({ name: 'InvalidParameterException' });
    for (const command of [GetQueryResultsCommand, StopQueryCommand]) {
      const asked = client.send(new command({ queryId: 'q' }));
      await expect(asked).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    }
  });

  test('a query has ended at once, so StopQuery is refused', async () => {
    const { queryId } = await start(queryOf('@message like /a/'));
    await expect(client.send(new StopQueryCommand({ queryId }))).rejects.toMatchObject({
      name: 'InvalidParameterException',
    });
  });

  test('the results of the newest queries are kept', async () => {
    const queries = createLogQueries();
    const ids = Array.from({ length: 101 }, () => queries.add([]));
    expect(ids.map((id) => queries.result(id) !== undefined)).toEqual(ids.map((_, index) => index > 0));
  });

  test('other operations are refused', async () => {
    await expect(client.send(new DescribeLogGroupsCommand({}))).rejects.toMatchObject({
      name: 'UnknownOperationException',
      message: expect.stringContaining('FilterLogEvents, StartQuery, GetQueryResults, StopQuery'),
    });
    const { events } = await client.send(new FilterLogEventsCommand({ logGroupName: GROUP, startTime: 2_999 }));
    expect(events?.map(({ message }) => message)).toEqual(['two again\n', 'late\n']);
  });
});
