import { PRICE_LIST } from '../../cli/cost/prices.ts';
import { comparisonCharts } from './charts.ts';
import { CLAIMS } from './claims.ts';
import { HANGING_MS, SLOW_MS } from './plan.ts';
import { type Comparison, loadOf } from './result.ts';
import {
  absencesTable,
  breakEvenTable,
  costTable,
  loadTable,
  type PageTable,
  readsTable,
  servicesTable,
  stalenessTable,
} from './tables.ts';
import { CALL_TIMEOUT_MS } from './times.ts';

/** docs/comparison.md. */
export function comparisonPage(comparison: Comparison): string {
  const charts = new Map(comparisonCharts(comparison).map(({ file, title }) => [file, title]));
  const chart: Draw = (name) => `![${charts.get(`compare-${name}`)}](charts/compare-${name}.svg)`;
  const sections = [introduction, reads, load, staleness, absences, cost, built, limits];
  return `${sections.map((section) => section(comparison, chart)).join('\n\n')}\n`;
}

/** Puts a chart by its name into the page. */
type Draw = (
  name: 'availability' | 'latency' | 'owner-requests' | 'bytes' | 'staleness' | 'recovery' | 'cost',
) => string;

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
event-carried state in the same round, with the least and the most. The chart has no bar where nothing was answered.`;
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

Each change is timed by both copies at once, from the owner's commit until a consumer has it. Both start at the same stream; a callback is a call more. The
owner is slow in its reads alone: relay and notifier don't read its table, so they can't notice. The column of calls is by construction: a call has what
the owner has, or nothing. How long copies take after an outage is measured in the next section; it can last as long as a stream keeps changes (24 hours) or a
queue events (14 days). A reader of a cache is told how stale it may be, by heartbeats that come once a minute
([decisions/23](decisions/23-staleness.md)).`;
}

function absences(comparison: Comparison, chart: Draw): string {
  const { plan } = comparison;
  return `## Changes while somebody is away

${chart('recovery')}

${markdown(absencesTable(comparison))}

${plan.away.products} products change ${plan.away.changesEach} times each, then one is deleted; then whoever is away comes back, after ${plan.away.seconds} s in all. **the owner**: all its functions, while something else
writes its table. **the owner's API alone**: changes still go out. **newest, after the return**: until a consumer has the newest version of each product.

Both queues are equally patient: what fails comes again after 1, 2, 4 s and so on, up to 5 minutes, and 1,000 times. So a callback that failed is made up for, but
only when its time comes: the longer the owner was away, the longer after it. A call has the newest at once.

**States received** are answers of the owner, or events. A callback brings what the owner has by then: of several changes, the last; and the notifier tells of the
newest of several in one batch of the stream. An event has its own version's state. A \`LocalCache\` writes the newest of a batch and counts the others;
who wants each of them takes the events, unless a cache lags so far that the relay merges changes ([backpressure.md](backpressure.md)).`;
}

function cost(comparison: Comparison, chart: Draw): string {
  return `## Requests and cost

${chart('cost')}

${markdown(costTable(comparison))}

US dollars for a million changes, by how often each consumer reads after a change; what is paid by the month is left out. With it, a copy costs less than
calls from so many reads by each consumer after a change:

${markdown(breakEvenTable(comparison))}

Below that, calls are cheaper, and this is no reason for a copy: what it buys is the tables above. By the month event-carried state pays for heartbeats, reports,
metrics and polls ([cost.md](cost.md#by-the-month)), notification for the polls of its queues, and has nothing that tells how far it lags.

Where it goes, with 3 consumers:

${markdown(servicesTable(comparison))}

- Changes arrive one at a time, the dearest way: batches cost less by both copies ([cost.md](cost.md)). The owner's own write, the same in all, is left out.
- Lambda's part is the durations of this machine times 512 MB. A call pays for two functions, one of which waits for the other.
- CloudWatch's part is log lines: three of Lambda's own for each invocation, in all three ways, and beside them the metrics of event-carried state.
- A reader of a cache looks up how stale it is once a second: a service that reads less often than that pays 3 requests a read instead of 2.
- Of SNS's deliveries, the sends to SQS are taken to be billed as SQS requests, as in [cost.md](cost.md). Notifications could do with a standard queue, since a
  callback asks for the newest state anyway: $0.40 instead of $0.50 for a million requests.
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
The first two are as small as they can honestly be. Notification has a queue, retries, a dead-letter queue and the version condition. A call has keep-alive and
a time-out; it is not tried again, and there is no cache of answers in front of it and no circuit breaker. With such a cache, calls would be answered in an
outage as far as it goes, from a copy whose age nobody knows.`;
}

function limits(comparison: Comparison): string {
  return `## What the local cloud can't tell

- **Times of AWS.** Network, cold starts and the polling of streams and queues aren't here: a call and a callback cross a network twice, an event waits for
  pollers. Compare the columns of a row, don't add them to a budget.
- **Load on the owner.** The requests are counted. That an owner breaks down under them isn't shown: here a function has two environments at most, on AWS
  a thousand. Nor is what several callers in a row make of each other's availability.
- **How outages really look.** They are mixtures of slow, hanging and refusing. Here each lasts for seconds.

${comparison.date.slice(0, 10)}, ${comparison.seconds} s, ${comparison.machine}.`;
}

function markdown({ head, rows }: PageTable): string {
  const row = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  const isNumber = (column: number) => rows.every((cells) => /^[\d.,-]*$/.test(String(cells[column] ?? '')));
  return [row(head), row(head.map((_, column) => (isNumber(column) ? '--:' : '---'))), ...rows.map(row)].join('\n');
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
