import type { SQSEvent } from 'aws-lambda';
import { dynamoDbClient } from '../adapters/aws/clients.ts';
import { assertSameContents, type BenchTables, startTables } from './support/account.ts';
import { countRequests } from './support/count-requests.ts';
import { countryRecord, type Load, roundOf } from './support/events.ts';
import { interleaved, type Measured, measuredOf } from './support/measure.ts';
import { createPartiqlWriter } from './support/partiql-writer.ts';
import {
  type BenchmarkOptions,
  type BenchmarkResult,
  type Ratio,
  ratio,
  spread,
  type Table,
} from './support/result.ts';
import { runAlone } from './support/run-alone.ts';
import { ours, powertools, type Side, type SideTable } from './support/sides.ts';

export const cost = {
  name: 'cost',
  title: 'Cost: requests, write units and client CPU per event',
  async run(options: BenchmarkOptions): Promise<BenchmarkResult> {
    const tables = await startTables(options.assembly, 0);
    try {
      options.onProgress('requests by outcome');
      const outcomes = await outcomeTable(tables);
      options.onProgress('CPU, PutItem against PartiQL');
      const { ratios, table } = await partiql(tables, options.rounds);
      return { ratios, tables: [outcomes, table], charts: [] };
    } finally {
      await tables.stop();
    }
  },
};

const WAYS: readonly { readonly name: string; readonly side: (table: SideTable) => Side }[] = [
  { name: 'freshet', side: (table) => ours(table) },
  { name: 'freshet, PartiQL experiment', side: (table) => ours(table, 'PartiQL', createPartiqlWriter(table)) },
  { name: 'Powertools', side: powertools },
];

/** Batches of ten messages, by outcome. */
const SCENARIOS: readonly { readonly name: string; readonly before: SQSEvent[]; readonly batch: SQSEvent }[] = [
  { name: 'applied: 10 new entities', before: [], batch: batch((n) => [n, 1]) },
  { name: 'applied: 10 changed entities', before: [batch((n) => [n, 1])], batch: batch((n) => [n, 2]) },
  { name: '1 applied, 9 superseded: 10 versions of one entity', before: [], batch: batch((n) => [0, n + 1]) },
  { name: 'duplicate: 10 entities, each delivered again', before: [batch((n) => [n, 2])], batch: batch((n) => [n, 2]) },
  {
    name: 'outdated: 10 entities, each in an older version',
    before: [batch((n) => [n, 2])],
    batch: batch((n) => [n, 1]),
  },
  {
    name: 'duplicate or outdated: 10 versions of one entity, delivered again',
    before: [batch((n) => [0, n + 1])],
    batch: batch((n) => [0, n + 1]),
  },
];

function batch(event: (position: number) => [number: number, version: number]): SQSEvent {
  return { Records: Array.from({ length: 10 }, (_, position) => countryRecord(...event(position))) };
}

async function outcomeTable(tables: BenchTables): Promise<Table> {
  const rows: (string | number)[][] = [];
  for (const scenario of SCENARIOS) {
    const figures: number[] = [];
    for (const { side } of WAYS) {
      await tables.create('Ordering', 'outcome');
      const client = dynamoDbClient({ endpoint: tables.url });
      const one = side({ client, tableName: 'outcome' });
      for (const before of scenario.before) await one.apply(before);
      const requests = countRequests(client);
      await one.apply(scenario.batch);
      figures.push(requests.count / 10, requests.writeUnits / 10);
      client.destroy();
    }
    rows.push([scenario.name, ...figures]);
  }
  return {
    title: 'DynamoDB requests and write units per event, by outcome',
    note:
      "The requests include the SDK's retries. The write units are those that the engine reports for the table and " +
      'for the one index that lists the entity. The figures of the PartiQL experiment include its last read. The engine ' +
      'reports no units for a refused write. AWS charges one unit for each KB of the stored item.',
    columns: ['batch of 10 events', ...WAYS.flatMap(({ name }) => [`${name}: requests`, `${name}: units`])],
    rows,
  };
}

async function partiql(tables: BenchTables, rounds: number): Promise<{ ratios: Ratio[]; table: Table }> {
  const measured: { load: Load; all: Measured[] }[] = [];
  for (const load of ['distinct', 'hot'] as const) {
    const names = ['cost-put', 'cost-partiql', 'cost-powertools'];
    await Promise.all(names.map((name) => tables.create('Ordering', name)));
    const sides = WAYS.map(({ side }, index) => side({ client: tables.client, tableName: names[index] ?? '' }));
    measured.push({ load, all: await interleaved(sides, rounds, (round) => roundOf(load, 10, 20, round)) });
    await assertSameContents(tables, names);
  }
  const events = 200;
  const named = (all: readonly Measured[], index: number) =>
    measuredOf(all, ['freshet', 'PartiQL', 'Powertools SqsFifoPartialProcessorAsync'][index] ?? '');
  return {
    ratios: measured.flatMap(({ load, all }) => [
      ratio(`Powertools in client CPU, 10 groups, ${load}`, named(all, 0).cpuMs, named(all, 2).cpuMs),
      ratio(`the PartiQL experiment in client CPU, 10 groups, ${load}`, named(all, 0).cpuMs, named(all, 1).cpuMs),
      ratio(`the PartiQL experiment in speed, 10 groups, ${load}`, named(all, 0).elapsedMs, named(all, 1).elapsedMs),
    ]),
    table: {
      title: 'PutItem against PartiQL batches, 10 entities a batch',
      note:
        'The table compares Freshet, which writes with PutItem, with the same projector that writes with PartiQL, ' +
        'and with Powertools. For a new entity, PartiQL tries an UPDATE, which fails, and then an INSERT. For a known ' +
        'entity, the UPDATE succeeds. No latency is added. decisions/09-partiql-batches.md explains why Freshet ' +
        "doesn't use PartiQL.",
      columns: ['entities', ...WAYS.flatMap(({ name }) => [`${name}: CPU ms/event`, `${name}: ms/event`])],
      rows: measured.map(({ load, all }) => [
        load === 'distinct' ? 'new' : 'known',
        ...WAYS.flatMap((_, index) => {
          const { cpuMs, elapsedMs } = named(all, index);
          return [spread(cpuMs.map((ms) => ms / events)), spread(elapsedMs.map((ms) => ms / events))];
        }),
      ]),
    },
  };
}

await runAlone(import.meta.url, cost);
