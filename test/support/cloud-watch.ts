import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import * as z from 'zod/mini';
import type { Datapoint } from '../../adapters/govern/metric-data.ts';
import { setTestCredentials } from './credentials.ts';

const TARGET = 'GraniteServiceVersion20100801.GetMetricData';

const request = z.object({
  MetricDataQueries: z.array(
    z.object({
      Id: z.string(),
      MetricStat: z.object({
        Metric: z.object({
          Namespace: z.string(),
          MetricName: z.string(),
          Dimensions: z.array(z.object({ Name: z.string(), Value: z.string() })),
        }),
        Period: z.number(),
        Stat: z.string(),
      }),
    }),
  ),
  /** Epoch seconds. */
  StartTime: z.number(),
  EndTime: z.number(),
  ScanBy: z.literal('TimestampAscending'),
  NextToken: z.optional(z.string()),
});

/** A `GetMetricData` request, as CloudWatch parses it. */
export type MetricRequest = z.infer<typeof request>;

/** A stand-in for CloudWatch. It answers `GetMetricData` in AWS JSON 1.0, which is the only call that Freshet makes. */
export interface FakeCloudWatch {
  readonly url: string;
  /** The requests since the last `clear`. */
  readonly requests: readonly MetricRequest[];
  /** Sets the series `Namespace/Metric/dimension value/statistic`. A request gets the points in its time range. */
  set(series: string, points: readonly Datapoint[]): void;
  /** The maximum number of datapoints in a page, over all series. Default: no maximum. */
  pageSize: number;
  /** The HTTP status that every call fails with. Default: no call fails. */
  failure: number | undefined;
  clear(): void;
  stop(): Promise<void>;
}

export async function startCloudWatch(): Promise<FakeCloudWatch> {
  setTestCredentials();
  const series = new Map<string, readonly Datapoint[]>();
  const requests: MetricRequest[] = [];

  /** All datapoints that a request asks for, one series after another, each in ascending order of time. */
  const found = ({ MetricDataQueries, StartTime, EndTime }: MetricRequest) =>
    MetricDataQueries.flatMap(({ Id, MetricStat: { Metric, Stat } }) => {
      const values = Metric.Dimensions.map(({ Value }) => Value).join(' in ');
      const points = series.get(`${Metric.Namespace}/${Metric.MetricName}/${values}/${Stat}`) ?? [];
      return points
        .filter(({ atMs }) => atMs >= StartTime * 1000 && atMs < EndTime * 1000)
        .map(({ atMs, value }) => ({ Id, at: atMs / 1000, value }));
    });

  const answerTo = (asked: MetricRequest) => {
    const from = Number(asked.NextToken ?? 0);
    const points = found(asked);
    const page = points.slice(from, from + fake.pageSize);
    const MetricDataResults = asked.MetricDataQueries.map(({ Id }) => {
      const own = page.filter((point) => point.Id === Id);
      return { Id, StatusCode: 'Complete', Timestamps: own.map(({ at }) => at), Values: own.map(({ value }) => value) };
    });
    const hasMore = from + fake.pageSize < points.length;
    return { MetricDataResults, Messages: [], ...(hasMore && { NextToken: String(from + fake.pageSize) }) };
  };

  const server = createServer(async (incoming, response) => {
    const answer = (status: number, body: object) => {
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));
    };
    const parsed = request.safeParse(await json(incoming));
    if (incoming.headers['x-amz-target'] !== TARGET || !parsed.success) {
      return answer(400, { __type: 'ValidationError', message: parsed.error?.message ?? 'unknown operation' });
    }
    requests.push(parsed.data);
    if (fake.failure !== undefined) return answer(fake.failure, { __type: 'InternalServiceFault', message: 'broken' });
    answer(200, answerTo(parsed.data));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  const fake: FakeCloudWatch = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    pageSize: Number.MAX_SAFE_INTEGER,
    failure: undefined,
    set(name, points) {
      series.set(name, points);
    },
    clear() {
      series.clear();
      requests.length = 0;
      fake.pageSize = Number.MAX_SAFE_INTEGER;
      fake.failure = undefined;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return fake;
}
