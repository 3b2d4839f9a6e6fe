import Table from 'cli-table3';
import { renderSvg } from '../../support/charts.ts';
import { SAMPLE_MS, type Seen } from './lab.ts';
import { HIGH_WATER, MINUTE_MS, WRITE_MS } from './scale.ts';
import { backlogOf, type Measured, type Story } from './stories.ts';

/** A story with what came of it. */
export interface Told {
  readonly story: Story;
  readonly measured: readonly Measured[];
  /** What of its claim didn't hold. */
  readonly problems: readonly string[];
}

const seconds = (value: number | null | undefined): string =>
  value === undefined ? '-' : value === null ? '∞' : `${value.toFixed(value < 10 ? 1 : 0)} s`;

const COLUMNS: readonly { readonly title: string; readonly cell: (measured: Measured) => string | number }[] = [
  { title: 'run', cell: ({ run }) => run },
  { title: 'consumers', cell: ({ consumers }) => consumers },
  { title: 'accepted', cell: ({ accepted }) => accepted },
  { title: 'in /s', cell: ({ produced }) => Math.round(produced) },
  { title: 'out /s', cell: ({ consumed }) => Math.round(consumed) },
  { title: 'worst backlog', cell: ({ worstBacklog }) => worstBacklog },
  { title: 'drain time said', cell: ({ predictedDrain }) => seconds(predictedDrain) },
  { title: 'drained after', cell: ({ drainedAfter }) => (drainedAfter === null ? 'no' : seconds(drainedAfter)) },
  { title: 'writers waited', cell: ({ writersWait }) => seconds(writersWait) },
  { title: 'paced, refusing', cell: ({ states }) => `${states.paced}, ${states.refusing}` },
  { title: 'set aside', cell: ({ setAside }) => setAside },
  { title: 'hottest group', cell: ({ hottestGroup }) => hottestGroup ?? '-' },
];

/** For the terminal. */
export function storyTable({ measured }: Told): string {
  const table = new Table({
    head: COLUMNS.map(({ title }) => title),
    colAligns: COLUMNS.map((_, index) => (index === 0 ? 'left' : 'right')),
    style: { head: [], border: [] },
  });
  for (const one of measured) table.push(COLUMNS.map(({ cell }) => cell(one)));
  return table.toString();
}

/** Rates above, backlog below, over time. */
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

/** Events a second of a count that grows, over a second. */
function rates(seen: readonly Seen[], count: (one: Seen) => number): [number, number][] {
  const back = 1000 / SAMPLE_MS;
  return seen.slice(back).map((one, index) => {
    const before = seen[index];
    if (before === undefined) return [one.seconds, 0];
    return [one.seconds, (count(one) - count(before)) / (one.seconds - before.seconds)];
  });
}

/** The part of docs/backpressure.md that the experiment writes. */
export function experimentSection(
  told: readonly Told[],
  { command, date, machine, minutes }: { command: string; date: string; machine: string; minutes: number },
): string {
  const row = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  const stories = told.map(({ story, measured, problems }, index) => {
    const alarms = [...new Set(measured.flatMap((one) => one.alarms))];
    return [
      `### ${index + 1}. ${story.title}`,
      `${story.claim} ${problems.length === 0 ? 'It held.' : `**It did not hold: ${problems.join('; ')}.**`}`,
      `![${story.title}](charts/${story.file}.svg)`,
      [
        row(COLUMNS.map(({ title }) => title)),
        row(COLUMNS.map(() => '---')),
        ...measured.map((one) => row(COLUMNS.map(({ cell }) => cell(one)))),
      ].join('\n'),
      alarms.length === 0 ? 'No alarm fired.' : `Alarms that fired: ${alarms.map((name) => `\`${name}\``).join(', ')}.`,
    ].join('\n\n');
  });
  return `## What it looks like

\`\`\`sh
${command}
\`\`\`

The local cloud in real time, sixty times as fast: a minute of schedules, reports and alarms is ${MINUTE_MS / 1000} s, high water is ${HIGH_WATER}. Each write to the cache's
table takes ${WRITE_MS} ms, so one consumer, which works on ten groups of a batch side by side, takes about 62 events a second. Everything else is what \`cdk
deploy\` would send: bundles, alarms, schedules. Where the alarms on staleness and relay delay are named, and \`behind\` with them, they fired in the
first "minutes", before a heartbeat had come through. The charts are in docs/charts as SVG and PNG.
(${date}, ${minutes} minutes, ${machine})

${stories.join('\n\n')}
`;
}
