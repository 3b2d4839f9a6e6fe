import { afterEach, describe, expect, test, vi } from 'vitest';
import { REQUESTS_AT_ONCE } from '../../cli/clients/patient.ts';
import { statusReport } from '../../cli/commands/status/document.ts';
import { gatherStatus } from '../../cli/commands/status/gather.ts';
import { renderStatus } from '../../cli/commands/status/render.ts';
import { createLook } from '../../cli/commands/watch/look.ts';
import { createReads } from '../../cli/console/api/reads.ts';
import { type BigDeployment, bigDeployment } from '../support/big-deployment.ts';

const SIZE = { owners: 5, caches: 50, types: 100 };
const OPTIONS = { sinceMs: 3 * 3_600_000, countAll: false };
/** Freshet's own functions of the deployment: three of each owner and of each cache. */
const FUNCTIONS = 3 * (SIZE.owners + SIZE.caches);

const denied = () => Object.assign(new Error('no'), { name: 'AccessDeniedException' });
let big: BigDeployment;
afterEach(() => {
  vi.useRealTimers();
  big.deployment.close();
});

describe('a deployment of 50 caches with 100 types each', () => {
  test('freshet status takes a few requests for each cache, at most 16 of a service at the same time', async () => {
    big = bigDeployment(SIZE);
    const report = await gatherStatus(big.deployment, OPTIONS);
    expect(report.unread).toEqual([]);
    expect(report.caches).toHaveLength(50);
    expect(Object.keys(report.caches[0]?.readiness ?? {})).toHaveLength(100);
    expect(report.caches[0]).toMatchObject({ backlog: 1, entities: null, applied: 0 });
    expect(Object.fromEntries(big.requests)).toEqual({
      'SQS GetQueueAttributes': 3 * SIZE.caches,
      // A decision of each owner, and the completeness of each cache.
      'DynamoDB GetItem': SIZE.owners + SIZE.caches,
      'DynamoDB BatchGetItem': SIZE.caches,
      'DynamoDB Scan': SIZE.owners + SIZE.caches,
      // 615 counted metrics and 260 gauges.
      'CloudWatch GetMetricData': 3,
      'CloudWatch DescribeAlarms': 1,
      'Lambda GetFunctionConcurrency': FUNCTIONS,
    });
    for (const [client, most] of big.most) expect([client, most <= REQUESTS_AT_ONCE]).toEqual([client, true]);
  });

  test('--count reads each table once, in flat memory, whatever the types', async () => {
    big = bigDeployment({ ...SIZE, caches: 2 }, 0);
    const PAGES = 50;
    big.answer = ({ call, input }) => {
      if (call !== 'DynamoDB Scan' || !String(input.TableName).endsWith('-table')) return undefined;
      const page = Number((input.ExclusiveStartKey as { id?: { N?: string } } | undefined)?.id?.N ?? 0) + 1;
      return { Count: 1_000, ...(page < PAGES && { LastEvaluatedKey: { id: { N: String(page) } } }) };
    };
    const report = await gatherStatus(big.deployment, { ...OPTIONS, countAll: true });
    expect(report.caches.map(({ entities }) => entities)).toEqual([PAGES * 1_000, PAGES * 1_000]);
    expect(big.requests.get('DynamoDB Query')).toBeUndefined();
  });

  test('a look of freshet watch takes a request for each queue and group, and the next look less', async () => {
    big = bigDeployment(SIZE);
    const look = createLook(big.deployment);
    const view = await look();
    expect(view.unread).toEqual([]);
    expect(view.caches).toHaveLength(50);
    const first = Object.fromEntries(big.requests);
    expect(first).toEqual({
      'SQS GetQueueAttributes': SIZE.caches,
      'DynamoDB GetItem': SIZE.owners,
      'CloudWatch GetMetricData': 2,
      'CloudWatch GetInsightRuleReport': SIZE.caches,
      'CloudWatch DescribeAlarms': 1,
      'Lambda GetFunctionConcurrency': FUNCTIONS,
    });
    await look();
    const second = [...big.requests].map(([call, count]) => [call, count - (first[call] ?? 0)] as const);
    expect(Object.fromEntries(second.filter(([, count]) => count > 0))).toEqual({
      'SQS GetQueueAttributes': SIZE.caches,
      'DynamoDB GetItem': SIZE.owners,
    });
    for (const [client, most] of big.most) expect([client, most <= REQUESTS_AT_ONCE]).toEqual([client, true]);
  });

  test('the flow of the console takes a few requests for each cache', async () => {
    big = bigDeployment(SIZE);
    const reads = createReads(big.deployment);
    const flow = await reads.flow();
    expect(flow.unread).toEqual([]);
    expect(flow.caches).toHaveLength(50);
    const all = [...big.requests.values()].reduce((sum, count) => sum + count, 0);
    expect(all).toBeLessThan(12 * (SIZE.caches + SIZE.owners));
    expect(big.requests.get('Lambda ListEventSourceMappings')).toBe(1);
    for (const [client, most] of big.most) expect([client, most <= REQUESTS_AT_ONCE]).toEqual([client, true]);
  });

  test('a page of entities in the console is at most a query for each partition of the type', async () => {
    big = bigDeployment(SIZE);
    const { entities } = await createReads(big.deployment).entities({ type: 'Type7' });
    expect(entities).toEqual([]);
    expect(Object.fromEntries(big.requests)).toEqual({ 'DynamoDB Query': 8 });
  });
});

describe('freshet status', () => {
  const FEW = { owners: 1, caches: 4, types: 2 };

  test('has the rest if CloudWatch refuses, and names what is missing', async () => {
    big = bigDeployment(FEW);
    big.answer = ({ call }) => (call.startsWith('CloudWatch ') ? denied() : undefined);
    const report = statusReport.parse(await gatherStatus(big.deployment, OPTIONS));
    expect(report.unread).toEqual([
      'outcomes, lead times and published versions: CloudWatch GetMetricData: AccessDeniedException',
      'rates, relay delays and staleness: CloudWatch GetMetricData: AccessDeniedException',
      'alarms: CloudWatch DescribeAlarms: AccessDeniedException',
    ]);
    expect(report.alarms).toBeNull();
    expect(report.owners[0]).toMatchObject({ published: null, relay: 'running', flow: { state: 'normal' } });
    expect(report.caches[0]).toMatchObject({ backlog: 1, applied: null, stalenessSeconds: null, setAside: 0 });
    const text = renderStatus(report, 200);
    expect(text).toContain('owner owner0: relay running, - versions published in the last 3h');
    expect(text).toContain('could not be read: alarms: CloudWatch DescribeAlarms: AccessDeniedException');
  });

  test('has the rest if CloudWatch does not answer', async () => {
    big = bigDeployment(FEW);
    big.answer = ({ call }) => (call.startsWith('CloudWatch ') ? 'no answer' : undefined);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const gathering = gatherStatus(big.deployment, OPTIONS);
    await vi.advanceTimersByTimeAsync(21_000);
    const report = await gathering;
    expect(report.unread).toContain('alarms: no answer for 20 s');
    expect(report.caches[0]).toMatchObject({ backlog: 1, applied: null });
  });

  test('has the rest if one queue and one table refuse, and names their caches', async () => {
    big = bigDeployment(FEW);
    big.answer = ({ input }) => {
      const about = String(input.QueueUrl ?? input.TableName ?? '');
      return about.endsWith('cache2.fifo') || about === 'cache1-parking' ? denied() : undefined;
    };
    const report = await gatherStatus(big.deployment, OPTIONS);
    expect(report.unread).toEqual([
      'queues of caches (cache2): SQS GetQueueAttributes: AccessDeniedException',
      'parked events of caches (cache1): DynamoDB Scan: AccessDeniedException',
    ]);
    expect(report.caches.map(({ backlog }) => backlog)).toEqual([1, 1, null, 1]);
    expect(report.caches.map(({ setAside }) => setAside)).toEqual([0, null, 0, 0]);
  });

  test('fails if nothing can be read', async () => {
    big = bigDeployment(FEW);
    big.answer = denied;
    await expect(gatherStatus(big.deployment, OPTIONS)).rejects.toThrow('no');
  });
});
