import Table from 'cli-table3';
import type { Chart } from '../../support/result.ts';
import { wrapped } from '../../support/wrap.ts';
import type { Load, Measured } from './scenarios.ts';

/** The result of the experiment and how to repeat it; stored in bench/experiments/ordering.json. */
export interface OrderingResult {
  readonly command: string;
  readonly date: string;
  readonly machine: string;
  readonly seconds: number;
  readonly load: Load;
  readonly scenarios: readonly Measured[];
}

const COLUMNS: readonly { readonly title: string; readonly cell: (measured: Measured) => string | number }[] = [
  { title: 'scenario', cell: ({ scenario }) => scenario },
  { title: 'consumers', cell: ({ consumers }) => consumers },
  { title: 'deliveries', cell: ({ deliveries }) => deliveries },
  { title: 'out of order', cell: ({ outOfOrder }) => outOfOrder },
  { title: 'failed updates', cell: ({ failures }) => failures },
  { title: 'regressions', cell: ({ regressions }) => regressions },
  { title: 'wrong at the end', cell: ({ leftWrong }) => leftWrong },
  { title: 'events/s', cell: ({ eventsPerSecond }) => Math.round(eventsPerSecond) },
];

/** The results as a table for the terminal. */
export function orderingTable({ scenarios }: OrderingResult): string {
  const table = new Table({
    head: COLUMNS.map(({ title }) => title),
    colAligns: COLUMNS.map((_, index) => (index === 0 ? 'left' : 'right')),
    style: { head: [], border: [] },
  });
  for (const measured of scenarios) table.push(COLUMNS.map(({ cell }) => cell(measured)));
  return table.toString();
}

/** The chart of docs/ordering.md. */
export function orderingChart({ load, scenarios }: OrderingResult): Chart {
  return {
    file: 'ordering',
    title: `Errors while processing ${2 * load.products} events of ${load.products} products`,
    unit: 'events',
    kind: 'bar',
    categories: scenarios.map(({ scenario }) => scenario.replace(', ', ',\n').replace(' and ', '\nand ')),
    series: [
      { name: 'out of order', values: scenarios.map(({ outOfOrder }) => outOfOrder) },
      { name: 'failed', values: scenarios.map(({ failures }) => failures) },
      { name: 'newer overwritten', values: scenarios.map(({ regressions }) => regressions) },
    ],
  };
}

/** The text of docs/ordering.md. */
export function orderingPage(result: OrderingResult): string {
  const { command, date, machine, seconds, load, scenarios } = result;
  const row = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  return `${wrapped(`# Out-of-order events: an experiment

<!-- Written by the command below from bench/experiments/ordering.json; changes by hand are lost. -->

Each product has two events. Version 1 creates the product and carries the whole product. Version 2 updates its name.
Competing consumers process both events at the same time, so a consumer can process the update before the creation. The
update then fails.

Message groups keep the events of each product in order until an old event returns. In this experiment, a consumer
writes the product and dies before it deletes the message. The message ends in the dead-letter queue, and its redrive
overwrites the newer name.

Only the version guard keeps the newer name when an old event returns. The version guard is a conditional write: it
stores an event only if the event's version is newer than the stored version.

\`\`\`sh
${command}
\`\`\`

![${orderingChart(result).title}](charts/ordering.svg)

${row(COLUMNS.map(({ title }) => title))}
${row(COLUMNS.map(() => '---'))}
${scenarios.map((measured) => row(COLUMNS.map(({ cell }) => cell(measured)))).join('\n')}

- **out of order**: deliveries that were processed after a newer event of the same product.
- **failed updates**: updates that were processed before their product existed. The queue delivers them again.
- **regressions**: writes that replaced a version by an older one, as counted in the table's stream.
- **wrong at the end**: products whose last version isn't 2.
- **events/s**: the processed events per second, of the products without a crash only.

All rows use seed ${load.seed} and have the same events, crashes, redrive and processing times. For
${percent(load.crashes)} of the products, the consumer that processes the creation dies. Processing takes
${load.work.quickMs} ms, or ${load.work.slowMs} ms for ${percent(load.work.slowShare)} of the events. In the last row,
each event carries the whole state and goes through \`projectBatch\` and the cache's conditional write.

In the local cloud, a standard queue delivers messages in the order in which they were sent. On AWS, a
[standard queue](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues.html)
guarantees no order, so the first two rows show the best case.

Measured on ${date.slice(0, 10)} in ${Math.round(seconds)} s, on ${machine}.`)}
`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
