import { CloudWatchLogsClient, FilterLogEventsCommand, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommand } from '../../cli/main.ts';
import { commandIo } from '../support/command-io.ts';
import { type Depot, expectRefusal, startDepot } from './depot/world.ts';

let depot: Depot;
const slow = { timeout: 120_000 };

beforeAll(async () => {
  depot = await startDepot();
  await depot.owner.owner.put('Item', 'one', { name: 'one' });
  await depot.cloud.idle();
}, 120_000);
afterAll(() => depot?.stop());

const projector = () => depot.cache('lenient').deployed.projector;
const lines = (out: string) => out.trimEnd().split('\n').filter(Boolean);

/** Makes the projector fail once. */
async function fail(): Promise<void> {
  await depot.cloud.functions.invoke(projector(), { Records: 'none' });
}

describe('freshet logs', slow, () => {
  test('freshet logs prints what a function logged, with its time, and no lines of metrics', async () => {
    await fail();
    const { code, out } = await depot.run('logs', 'lenient');
    expect(code).toBe(0);
    expect(out).not.toContain('_aws');
    expect(lines(out).at(-1)).toMatch(new RegExp(`^2\\d{3}-[\\d-]+T[\\d:.]+Z ! ${projector()}: TypeError: `));
    expect(await depot.run('logs', 'lenient', '--since', '0s')).toMatchObject({ code: 0, out: '' });
  });

  test('freshet logs --errors prints errors only, and --json has the line as it was logged', async () => {
    await fail();
    const { out } = await depot.run('logs', projector().toUpperCase(), '--errors', '--json');
    const entries = lines(out).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(entries.length).toBeGreaterThan(0);
    expect(entries.every(({ isError }) => isError === true)).toBe(true);
    expect(entries[0]).toMatchObject({ function: projector(), text: expect.stringMatching(/^TypeError: /) });
    expect(entries[0]?.line).toMatch(/^ERROR\tInvoke Error\t\{/);
  });

  test('freshet logs --follow prints new lines until Ctrl-C', async () => {
    const io = commandIo({ cwd: depot.folder });
    const code = runCommand(['logs', projector(), '--follow', '--since', '0s'], io);
    await expect
      .poll(
        async () => {
          await fail();
          return io.out();
        },
        { timeout: 20_000 },
      )
      .toContain('TypeError: ');
    io.interrupt();
    expect(await code).toBe(0);
  });

  test.each([
    ['an unknown name', ['logs', 'nobody'], ['no function\'s name contains "nobody"', 'Functions:\n']],
    ['a duration without unit', ['logs', '--since', '5'], ['--since: not a duration: "5"']],
  ] as const)('%s is refused with exit code 2', async (...refusal) => {
    await expectRefusal(depot, refusal);
  });
});

describe('CloudWatch Logs in the local cloud', slow, () => {
  const client = () =>
    new CloudWatchLogsClient({
      endpoint: depot.cloud.endpoints.sqs,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      maxAttempts: 1,
    });
  const logGroupOf = () => depot.cloud.functions.definition(projector()).logGroup ?? `/aws/lambda/${projector()}`;

  test('FilterLogEvents returns the lines of a log group between two times, in pages', async () => {
    await fail();
    await fail();
    const logs = client();
    const logGroupName = logGroupOf();
    const all = await logs.send(new FilterLogEventsCommand({ logGroupName }));
    expect(all.events?.length).toBeGreaterThan(2);
    expect(all.nextToken).toBeUndefined();
    const first = await logs.send(new FilterLogEventsCommand({ logGroupName, limit: 2 }));
    const { nextToken } = first;
    const rest = await logs.send(new FilterLogEventsCommand({ logGroupName, nextToken }));
    expect([...(first.events ?? []), ...(rest.events ?? [])]).toEqual(all.events);
    const last = all.events?.at(-1)?.timestamp ?? 0;
    const none = await logs.send(new FilterLogEventsCommand({ logGroupName, startTime: last + 1 }));
    expect(none.events).toEqual([]);
    logs.destroy();
  });

  test('an unknown log group, a pattern and other operations are refused', async () => {
    const logs = client();
    await expect(logs.send(new FilterLogEventsCommand({ logGroupName: 'none' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'The specified log group does not exist.',
    });
    await expect(
      logs.send(new FilterLogEventsCommand({ logGroupName: logGroupOf(), filterPattern: 'ERROR' })),
    ).rejects.toMatchObject({ name: 'InvalidParameterException' });
    await expect(
      logs.send(new GetLogEventsCommand({ logGroupName: logGroupOf(), logStreamName: 'x' })),
    ).rejects.toMatchObject({ name: 'UnknownOperationException' });
    logs.destroy();
  });
});
