import Table from 'cli-table3';
import type { Chart } from '../../support/result.ts';
import type { Load, Measured } from './scenarios.ts';

/** What the experiment came to, with what one needs to get it again: bench/experiments/ordering.json. */
export interface OrderingResult {
  readonly command: string;
  readonly date: string;
  readonly machine: string;
  readonly seconds: number;
  readonly load: Load;
  readonly scenarios: readonly Measured[];
}

const COLUMNS: readonly { readonly title: string; readonly cell: (measured: Measured) => string | number }[] = [
  { title: 'consumers', cell: ({ scenario }) => scenario },
  { title: 'at once', cell: ({ consumers }) => consumers },
  { title: 'deliveries', cell: ({ deliveries }) => deliveries },
  { title: 'out of order', cell: ({ outOfOrder }) => outOfOrder },
  { title: 'failures', cell: ({ failures }) => failures },
  { title: 'regressions', cell: ({ regressions }) => regressions },
  { title: 'left wrong', cell: ({ leftWrong }) => leftWrong },
  { title: 'events/s', cell: ({ eventsPerSecond }) => Math.round(eventsPerSecond) },
];

/** For the terminal. */
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
    title: `What goes wrong among ${2 * load.products} events of ${load.products} products`,
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

/** docs/ordering.md. */
export function orderingPage(result: OrderingResult): string {
  const { command, date, machine, seconds, load, scenarios } = result;
  const row = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  return `# The race that this project is about

<!-- Written by the command below from bench/experiments/ordering.json; changes by hand are lost. -->

A product is created (version 1, the whole product), then its name is updated (version 2). Competing consumers process the two at the same
time, so the update can come first and fail. Message groups keep each product's events in order, until an old one returns: a consumer writes
and dies before it deletes the message, the message ends in the dead-letter queue, and its redrive overwrites the newer name. Only the version
guard, a write on condition that the version is newer, makes that return harmless.

\`\`\`sh
${command}
\`\`\`

![${orderingChart(result).title}](charts/ordering.svg)

${row(COLUMNS.map(({ title }) => title))}
${row(COLUMNS.map(() => '---'))}
${scenarios.map((measured) => row(COLUMNS.map(({ cell }) => cell(measured)))).join('\n')}

- **out of order**: deliveries processed after a newer event of the same product. **failures**: updates of a product that isn't there yet;
  they come again. **regressions**: writes that replaced a version by an older one, as the table's own stream tells. **left wrong**:
  products that don't end at version 2. **events/s**: of the products without a crash.
- Every row has the same events, the same processing times (${load.work.quickMs} ms, for ${percent(load.work.slowShare)} of the events ${load.work.slowMs} ms), the same
  ${percent(load.crashes)} of products whose creation meets a consumer that dies, and the same redrive; seed ${load.seed}. The last row's events carry the whole
  state each time and go through \`projectBatch\` and the cache's conditional write.
- The local standard queue hands out messages in the order sent. AWS promises no order at all there (sqs/standard-queues), so the first two rows
  are the best case.
- ${date.slice(0, 10)}, ${Math.round(seconds)} s, ${machine}.
`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
