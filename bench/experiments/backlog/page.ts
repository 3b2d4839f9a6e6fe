import Table from 'cli-table3';
import { renderSvg } from '../../support/charts.ts';
import { wrapped } from '../../support/wrap.ts';
import { SAMPLE_MS, type Seen } from './lab.ts';
import { HIGH_WATER, MINUTE_MS, WRITE_MS } from './scale.ts';
import { backlogOf, type Measured, type Story } from './stories.ts';

/** A story with the results of its runs. */
export interface Told {
  readonly story: Story;
  readonly measured: readonly Measured[];
  /** How the results differ from the story's claim. */
  readonly problems: readonly string[];
}

const seconds = (value: number | null | undefined): string =>
  value === undefined ? '-' : value === null ? '∞' : `${value.toFixed(value < 10 ? 1 : 0)} s`;

const COLUMNS: readonly { readonly title: string; readonly cell: (measured: Measured) => string | number }[] = [
  { title: 'run', cell: ({ run }) => run },
  { title: 'consumers', cell: ({ consumers }) => consumers },
  { title: 'accepted writes', cell: ({ accepted }) => accepted },
  { title: 'accepted/s', cell: ({ produced }) => Math.round(produced) },
  { title: 'consumed/s', cell: ({ consumed }) => Math.round(consumed) },
  { title: 'worst backlog', cell: ({ worstBacklog }) => worstBacklog },
  { title: 'predicted drain time', cell: ({ predictedDrain }) => seconds(predictedDrain) },
  { title: 'drained after', cell: ({ drainedAfter }) => (drainedAfter === null ? 'no' : seconds(drainedAfter)) },
  { title: 'longest wait of a writer', cell: ({ writersWait }) => seconds(writersWait) },
  { title: 'times paced, refusing', cell: ({ states }) => `${states.paced}, ${states.refusing}` },
  { title: 'parked or held', cell: ({ parked }) => parked },
  { title: 'hottest group', cell: ({ hottestGroup }) => hottestGroup ?? '-' },
];

/** The results of a story as a table for the terminal. */
export function storyTable({ measured }: Told): string {
  const table = new Table({
    head: COLUMNS.map(({ title }) => title),
    colAligns: COLUMNS.map((_, index) => (index === 0 ? 'left' : 'right')),
    style: { head: [], border: [] },
  });
  for (const one of measured) table.push(COLUMNS.map(({ cell }) => cell(one)));
  return table.toString();
}

/** A chart over time: the rates above, the backlog below. */
export function storyChart({ story, measured }: Told): string {
  const name = (run: string, what: string) => (measured.length > 1 ? `${run}: ${what}` : what);
  const line = (label: string, grid: 0 | 1, data: readonly (readonly [number, number])[]) => ({
    name: label,
    type: 'line',
    showSymbol: false,
    xAxisIndex: grid,
    yAxisIndex: grid,
    data: data.map(([x, y]) => [Math.round(x * 100) / 100, Math.round(y)]),
  });
  const last = Math.ceil(Math.max(...measured.map(({ seen }) => seen.at(-1)?.seconds ?? 0)));
  return renderSvg(story.title, 560, {
    grid: [
      { left: 60, right: 20, top: 70, height: 170 },
      { left: 60, right: 20, top: 300, height: 170 },
    ],
    xAxis: [0, 1].map((gridIndex) => ({ type: 'value', gridIndex, max: last, name: gridIndex === 1 ? 's' : '' })),
    yAxis: ['events/s', 'backlog'].map((unit, gridIndex) => ({ type: 'value', gridIndex, name: unit })),
    series: measured.flatMap(({ run, seen }) => [
      line(
        name(run, 'accepted'),
        0,
        rates(seen, ({ committed }) => committed),
      ),
      line(
        name(run, 'consumed'),
        0,
        rates(seen, ({ settled }) => settled),
      ),
      line(
        name(run, 'backlog'),
        1,
        seen.map((one) => [one.seconds, backlogOf(one)]),
      ),
    ]),
  });
}

/** Events a second, from a growing count, over the last second. */
function rates(seen: readonly Seen[], count: (one: Seen) => number): [number, number][] {
  const back = 1000 / SAMPLE_MS;
  return seen.slice(back).map((one, index) => {
    const before = seen[index];
    if (before === undefined) return [one.seconds, 0];
    return [one.seconds, (count(one) - count(before)) / (one.seconds - before.seconds)];
  });
}

/** The section of docs/backpressure.md that the experiment writes. */
export function experimentSection(
  told: readonly Told[],
  { command, date, machine, minutes }: { command: string; date: string; machine: string; minutes: number },
): string {
  const row = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  const stories = told.map(({ story, measured, problems }, index) => {
    const alarms = [...new Set(measured.flatMap((one) => one.alarms))];
    return [
      `### ${index + 1}. ${story.title}`,
      `Expected: ${story.claim}`,
      problems.length === 0 ? 'Result: as expected.' : `**Result: not as expected: ${problems.join('; ')}.**`,
      `![${story.title}](charts/${story.file}.svg)`,
      [
        row(COLUMNS.map(({ title }) => title)),
        row(COLUMNS.map(() => '---')),
        ...measured.map((one) => row(COLUMNS.map(({ cell }) => cell(one)))),
      ].join('\n'),
      alarms.length === 0
        ? 'No alarm fired.'
        : `Alarms that fired:\n\n${alarms.map((name) => `- \`${name}\``).join('\n')}`,
    ].join('\n\n');
  });
  return wrapped(`## Experiment: backlogs in the local cloud

\`\`\`sh
${command}
\`\`\`

The experiment runs the local cloud on a real clock. Schedules, reports and alarms use shortened minutes, each of which
takes ${MINUTE_MS / 1000} s. High water is ${HIGH_WATER}. Each write to the cache's table takes ${WRITE_MS} ms.
One consumer works on ten groups of a batch in parallel and processes about 62 events a second. The bundles, alarms and
schedules are the ones that \`cdk deploy\` would deploy. Where a story lists the alarms \`staleness\`, \`relay-delay\`
and \`behind\`, they fired in the first shortened minutes, before a heartbeat had reached the cache. The charts are in
docs/charts as SVG and PNG.

The experiment tells several stories. Each story states what is expected, and whether its runs met the expectation. In
the tables:

- **accepted/s**: accepted writes a second while the load lasted.
- **consumed/s**: events a second that ended at the cache, from the first event to the last.
- **predicted drain time**: the drain time in the cache's last report before the end of the load.
- **drained after**: the measured time from the end of the load until every event was processed; "no" if that didn't
  happen within the run.
- **times paced, refusing**: how often the flow state entered each of the two states.
- **parked or held**: events in the parking table at the end.
- **hottest group**: the message group from which the cache consumed the most events.

Measured on ${date} in ${minutes} minutes, on ${machine}.

${stories.join('\n\n')}
`);
}
