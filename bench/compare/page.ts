import { PRICE_LIST } from '../../cli/commands/cost/prices.ts';
import { wrapped } from '../support/wrap.ts';
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

/** The text of docs/comparison.md. */
export function comparisonPage(comparison: Comparison): string {
  const charts = new Map(comparisonCharts(comparison).map(({ file, title }) => [file, title]));
  const chart: Draw = (name) => `![${charts.get(`compare-${name}`)}](charts/compare-${name}.svg)`;
  const sections = [introduction, reads, load, staleness, absences, cost, built, limits];
  return `${wrapped(sections.map((section) => section(comparison, chart)).join('\n\n'))}\n`;
}

/** The Markdown of a chart, by its name. */
type Draw = (
  name: 'availability' | 'latency' | 'owner-requests' | 'bytes' | 'staleness' | 'recovery' | 'cost',
) => string;

function introduction(comparison: Comparison): string {
  const { command, plan } = comparison;
  return `# Three ways to get another service's data

<!-- Written by the command below from bench/compare/results.json; changes by hand are lost. -->

An order page needs a product that the catalogue owns. There are three ways to get it:

- **call the owner** for each read.
- **notification and callback**: keep a copy. The owner notifies its consumers that a product has changed, and each
  consumer asks the owner for the product's state.
- **event-carried state**: keep a copy. The event carries the product's state.

The comparison runs all three ways at the same time, on one owner in the local cloud. Each way gets the same changes,
the same reads and the same outages, drawn with seed ${plan.seed}.

\`\`\`sh
${command}
\`\`\`

## Findings

${CLAIMS.map(({ text, holds }) => `- ${holds(comparison) ? '' : '**Did not hold:** '}${text}`).join('\n')}`;
}

function reads(comparison: Comparison, chart: Draw): string {
  return `## Reads while the owner is up, slow or down

${chart('availability')}

${chart('latency')}

${markdown(readsTable(comparison))}

- **slow**: each read of the owner's table takes ${SLOW_MS} ms.
- **hangs**: each read of the owner's table takes ${HANGING_MS} ms, and callers give up after ${CALL_TIMEOUT_MS} ms.
- **down**: none of the owner's functions runs, so each call is refused at once. For callers this is the mildest
  outage.

Times are measured until the reader gets an answer or an error. With fewer than 100 reads, the p99 is the longest
time, shown as "at most". The last column compares each way with event-carried state: the median of each round is
divided by the median of event-carried state in the same round. The column shows the median of these ratios, with the
lowest and the highest in parentheses. The latency chart has no bar where no read was answered.`;
}

function load(comparison: Comparison, chart: Draw): string {
  return `## Load on the owner

${chart('owner-requests')}

${markdown(loadTable(comparison))}

All figures are for one change, which each consumer reads ${loadOf(comparison, 1, 'call').readsPerChange} times
afterwards.

- **Requests to the owner** are the requests that the owner's API receives. Publishing isn't included: the owner itself
  publishes, and both copies need one publish call for each change, regardless of the number of consumers.
- **Bytes of messages** are the bodies and attributes of all messages, published and delivered.
- **Bytes of the owner's answers** are the bodies of the answers, without HTTP headers.

${chart('bytes')}`;
}

function staleness(comparison: Comparison, chart: Draw): string {
  return `## Staleness

${chart('staleness')}

${markdown(stalenessTable(comparison))}

- Each change is timed for both copies at once, from the owner's commit until a consumer holds it. Both copies start
  from the same stream. Notification and callback needs a call to the owner in addition.
- Only the reads of the slow owner are slow. The relay and the notifier don't read the owner's table, so the slow reads
  don't delay them.
- The figures for calls are not measured: a call returns the owner's current state, or nothing.
- The [next section](#changes-during-an-absence) measures how long the copies take after an outage. A copy can catch
  up after an outage as long as the stream still keeps the changes (24 hours) or the queue still keeps the events
  (14 days).
- Each read of a \`LocalCache\` returns how stale the answer may be. The staleness is calculated from heartbeats, which
  come once a minute ([decisions/23](decisions/23-staleness.md)).`;
}

function absences(comparison: Comparison, chart: Draw): string {
  const { plan } = comparison;
  return `## Changes during an absence

${chart('recovery')}

${markdown(absencesTable(comparison))}

During each absence, ${plan.away.products} products change ${plan.away.changesEach} times each, and then one of them
is deleted. An absence lasts ${plan.away.seconds} s.

- **the consumer**: all functions of the consumer are stopped.
- **the owner**: all functions of the owner are stopped, while another writer changes the owner's table.
- **the owner's API alone**: the API is stopped, while changes still go out.
- **time to the newest versions** begins at the end of the absence. It ends when a consumer has the newest version
  of each product.
- **states received** is the number of the owner's answers to callbacks, or the number of events.

**Retries.** The queues of both copies retry in the same way: a failed message comes again after 1, 2, 4 s and so
on, up to 5 minutes, and up to 1,000 times. A failed callback is repeated only when its next retry is due. The longer
the owner was away, the longer the time until the next retry. A call returns the newest version as soon as the absence
has ended.

**Intermediate states.** A callback brings the state that the owner has at the time of the call. After several changes,
this is only the last state. If a batch of the stream has several changes of a product, the notifier sends only the
newest. An event always carries the state of its own version. A \`LocalCache\` writes the newest state of a batch and
counts the others as superseded. A consumer that needs each state can process the events itself. This consumer gets
every state, unless a cache lags so far that the relay merges changes ([backpressure.md](backpressure.md)).`;
}

function cost(comparison: Comparison, chart: Draw): string {
  return `## Requests and cost

${chart('cost')}

${markdown(costTable(comparison))}

Requests are requests to AWS's services. The dollar columns show US dollars for a million changes. Each of them is for
a number of reads that each consumer makes after a change. The dollar columns don't include monthly costs.

### When a copy costs less than calls

This table includes monthly costs. The last three columns show from how many reads on a copy costs less than calls.
Reads are counted for each consumer and each change:

${markdown(breakEvenTable(comparison))}

With fewer reads, calls cost less than a copy. The copy then has only the advantages that the sections above show.

Event-carried state has monthly costs for heartbeats, reports, metrics and polls ([cost.md](cost.md#monthly-costs)).
Notification has monthly costs only for the polls of its queues. Notification doesn't measure how far a copy lags.

### Cost by service

With 3 consumers, in US dollars:

${markdown(servicesTable(comparison))}

- Changes arrive one at a time, which is the most expensive case. Batches make both copies cheaper
  ([cost.md](cost.md)). The owner's own write is not included; it is the same for all three ways.
- The costs of Lambda are the durations on the machine of this run times 512 MB. A call costs the time of two
  functions, because the caller waits while the owner's function answers.
- The costs of CloudWatch are for log lines. Lambda itself writes three lines for each invocation, in all three ways.
  Event-carried state also writes its metrics as log lines.
- A reader of a cache looks up the staleness at most once a second. A service that reads less often than once a second
  pays for 3 requests per read instead of 2.
- AWS is assumed to bill each message that SNS sends to SQS as an SQS request, as in [cost.md](cost.md).
- Notification could use a standard queue, because a callback asks for the newest state in any case. A standard queue
  costs $0.40 instead of $0.50 for a million requests.
- Prices of ${PRICE_LIST.region} on ${PRICE_LIST.lookedUp} (${PRICE_LIST.source}).`;
}

function built(): string {
  return `## What was compared

| | owner | consumer |
| --- | --- | --- |
| call the owner | [a function with a URL](../bench/compare/functions/api.ts) | [a signed request](../bench/compare/functions/call-owner.ts), sent once, with a time-out of ${CALL_TIMEOUT_MS} ms |
| notification and callback | [a notifier on the table's stream](../bench/compare/functions/notifier.ts) and an SNS FIFO topic | an SQS FIFO queue and [a listener](../bench/compare/functions/listener.ts), which asks once for each product of a batch and writes the answer only if its version is newer |
| event-carried state | \`EntityOwner\` | \`LocalCache\` |

[The app](../bench/compare/app.ts) has one owner and ten consumers, and each consumer uses all three ways. The
product types differ in the number of consumers that use them.

The first two ways are as small as a fair comparison allows. Notification has a queue, retries, a dead-letter queue
and the version condition. A call has keep-alive and a time-out. It has no retries, no cache of answers and no
circuit breaker. A caller with a cache of answers could still answer some reads during an outage, but with data of
unknown age.`;
}

function limits(comparison: Comparison): string {
  return `## What the local cloud can't show

- **Times on AWS.** The local cloud leaves out the network, cold starts, and the polling of streams and queues. On
  AWS a call and a callback cross a network twice, and an event waits for pollers. Use the times to compare the
  three ways, not to plan a latency budget.
- **Overload of the owner.** The comparison counts the requests to the owner, but doesn't show an owner that fails
  under too many requests: a function has at most two environments in the local cloud, and a thousand on AWS.
- **Chains of callers.** The comparison doesn't show the availability of a service that calls a service that calls
  another one.
- **Real outages.** In a real outage, some requests are slow, some hang and some are refused. In the comparison, only
  one of these states occurs at a time, for some seconds.

Measured on ${comparison.date.slice(0, 10)} in ${comparison.seconds} s, on ${comparison.machine}.`;
}

function markdown({ head, rows }: PageTable): string {
  const row = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  const isNumber = (column: number) => rows.every((cells) => /^[\d.,-]*$/.test(String(cells[column] ?? '')));
  return [row(head), row(head.map((_, column) => (isNumber(column) ? '--:' : '---'))), ...rows.map(row)].join('\n');
}
