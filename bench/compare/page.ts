import { PRICE_LIST } from '../../cli/cost/prices.ts';
import { comparisonCharts } from './charts.ts';
import { CLAIMS } from './claims.ts';
import { HANGING_MS, SLOW_MS } from './plan.ts';
import { type Comparison, loadOf } from './result.ts';
import {
  absencesTable,
  breakEven,
  costTable,
  loadTable,
  type PageTable,
  readsTable,
  servicesTable,
  stalenessTable,
} from './tables.ts';
import { CALL_TIMEOUT_MS, RETRY_SECONDS } from './times.ts';

/** docs/comparison.md. */
export function comparisonPage(comparison: Comparison): string {
  const charts = new Map(comparisonCharts(comparison).map(({ file, title }) => [file, title]));
  const chart: Draw = (name) => `![${charts.get(`compare-${name}`)}](charts/compare-${name}.svg)`;
  const sections = [introduction, reads, load, staleness, absences, cost, built, limits];
  return `${sections.map((section) => section(comparison, chart)).join('\n\n')}\n`;
}

/** Puts a chart by its name into the page. */
type Draw = (name: 'availability' | 'latency' | 'owner-requests' | 'bytes' | 'staleness' | 'cost') => string;

function introduction(comparison: Comparison): string {
  const { command, plan } = comparison;
  return `# Three ways to get another service's data

<!-- Written by the command below from bench/compare/results.json; changes by hand are lost. -->

An order page needs a product that the catalogue owns. It can **call the owner** for each read; keep a copy that a **notification and callback** refreshes
(the owner says that a product has changed, and each consumer asks for its state); or keep a copy by **event-carried state** (the event has the state).
All three run side by side on one owner in the local cloud: the same changes, the same reads, the same outages, seed ${plan.seed}.

\`\`\`sh
${command}
\`\`\`

## What holds

${CLAIMS.map(({ text, holds }) => `- ${holds(comparison) ? '' : '**Did not hold:** '}${sentence(text)}`).join('\n')}`;
}

function reads(comparison: Comparison, chart: Draw): string {
  return `## Reads while the owner is up, slow or down

${chart('availability')}

${chart('latency')}

${markdown(readsTable(comparison))}

**slow**: the owner's table takes ${SLOW_MS} ms for a read. **hangs**: it takes ${HANGING_MS} ms, and callers wait for ${CALL_TIMEOUT_MS} ms. **down**: none of the owner's functions runs, and a
call is refused at once, which is the kindest way to be down. Times are until an answer or an error; the last column is the median of each round by that of
event-carried state in the same round, with the least and the most.`;
}

function load(comparison: Comparison, chart: Draw): string {
  return `## What lands on the owner

${chart('owner-requests')}

${markdown(loadTable(comparison))}

All for one change, of which each consumer reads ${loadOf(comparison, 1, 'call').readsPerChange} times afterwards. Requests to the owner are those that its API gets; publishing is the owner's own
work, one call for each change by notification as by event-carried state, however many consumers there are. Bytes are bodies and attributes of messages,
published and delivered, and bodies of answers, without HTTP headers.

${chart('bytes')}`;
}

function staleness(comparison: Comparison, chart: Draw): string {
  return `## Staleness

${chart('staleness')}

${markdown(stalenessTable(comparison))}

Each change is timed by both copies at once. Both start at the same stream; a callback is a call more. What the last two rows say is measured in the next section.`;
}

function absences(comparison: Comparison): string {
  const { plan } = comparison;
  return `## Changes while somebody is away

${markdown(absencesTable(comparison))}

${plan.away.products} products change ${plan.away.changesEach} times each, then one is deleted. **the owner**: all its functions, while something else writes its table. **the owner's API alone**: changes still go
out. A notification whose callback fails comes again after ${RETRY_SECONDS} s, and is a dead letter after 5 attempts, the least that AWS advises
(lambda/services-sqs-configure); more attempts make that later, not never. Moved back, they bring the newest state. There are fewer of them than changes where
the notifier found several of a product in one batch of the stream: it tells of the newest.

A callback brings what the owner has by then: of several changes, the last. An event has its own version's state, so nothing between is lost to
those who want it, unless a cache lags so far that the relay merges changes ([backpressure.md](backpressure.md)).`;
}

function cost(comparison: Comparison, chart: Draw): string {
  return `## Requests and cost

${chart('cost')}

${markdown(costTable(comparison))}

US dollars for a million changes, by how often each consumer reads after a change. ${breakEvenText(comparison)} Below that, calls are cheaper, and this
is no reason for a copy: what it buys is the tables above.

Where it goes, with 3 consumers:

${markdown(servicesTable(comparison))}

- Changes arrive one at a time, the dearest way: batches cost less by both copies ([cost.md](cost.md)). The owner's own write, the same in all, is left out.
- Lambda's part is the durations of this machine times 512 MB. A call pays for two functions, one of which waits for the other.
- CloudWatch's part of event-carried state is its metrics, as log lines; the other two log next to nothing, and so show nothing of how far they lag. Its
  heartbeats and reports cost by the month, whatever changes: [cost.md](cost.md#by-the-month).
- Prices of ${PRICE_LIST.region} of ${PRICE_LIST.lookedUp} (${PRICE_LIST.source}).`;
}

function built(): string {
  return `## What was built

| | owner | consumer |
| --- | --- | --- |
| call the owner | [a function with a URL](../bench/compare/functions/api.ts) | [a signed request](../bench/compare/functions/call-owner.ts), once, ${CALL_TIMEOUT_MS} ms at most |
| notification and callback | [a notifier on the table's stream](../bench/compare/functions/notifier.ts) and an SNS FIFO topic | SQS FIFO, and [a listener](../bench/compare/functions/listener.ts) that asks once for each product of a batch and writes on condition that it is newer |
| event-carried state | \`EntityOwner\` | \`LocalCache\` |

[The app](../bench/compare/app.ts) has one owner and ten consumers, each with all three; types of product differ in how many consumers want them.
The first two are as small as they can honestly be: queues, retries, dead-letter queues and the version condition are there, a cache in front of the
calls or a circuit breaker is not.`;
}

function limits(comparison: Comparison): string {
  return `## What the local cloud can't tell

- **Times of AWS.** Network, cold starts and the polling of streams and queues aren't here: a call and a callback cross a network twice, an event waits for
  pollers. Compare the columns of a row, don't add them to a budget.
- **Load on the owner.** The requests are counted. That an owner breaks down under them isn't shown: here a function has two environments at most, on AWS
  a thousand. Nor is what several callers in a row make of each other's availability.
- **How outages really look.** They are mixtures of slow, hanging and refusing. How long a failing callback is tried is scaled: a real queue waits for
  minutes, not for seconds.

${comparison.date.slice(0, 10)}, ${comparison.seconds} s, ${comparison.machine}.`;
}

function breakEvenText(comparison: Comparison): string {
  const of = (way: 'notify' | 'carry') => Math.ceil(breakEven(comparison, 3, way));
  return `With 3 consumers a copy by event-carried state costs less than calls from about ${of('carry')} reads, one by notification from about ${of('notify')}.`;
}

function markdown({ head, rows }: PageTable): string {
  const row = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  const isNumber = (column: number) => rows.every((cells) => /^[\d.,-]*$/.test(String(cells[column] ?? '')));
  return [row(head), row(head.map((_, column) => (isNumber(column) ? '--:' : '---'))), ...rows.map(row)].join('\n');
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
