import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { ROOT } from '../support/assembly.ts';
import { svgToPng } from '../support/png.ts';
import { experimentSection, storyChart, storyTable, type Told } from './backlog/page.ts';
import { STORIES } from './backlog/plan.ts';
import { measure } from './backlog/stories.ts';

const PAGE = join(ROOT, 'docs', 'backpressure.md');
const CHARTS = join(ROOT, 'docs', 'charts');
const COMMAND = 'npm run experiment:backlog';

const program = new Command('experiment:backlog')
  .description(
    'Loads the local cloud so that backlogs grow, drain, or make the owner refuse writes. Takes about ten minutes.',
  )
  .option('--story <number>', `run only this story, 1 to ${STORIES.length}, and write nothing`)
  .addHelpText(
    'after',
    `\n${STORIES.map(({ title }, index) => `  ${index + 1}  ${title}`).join('\n')}\n\n` +
      'The exit code is 1 if a story does not end as expected.',
  )
  .parse();
const { story: only } = program.opts<{ story?: string }>();
const chosen = only === undefined ? STORIES : STORIES.filter((_, index) => String(index + 1) === only);
if (chosen.length === 0)
  program.error(`error: --story: given: ${only}. Allowed: 1 to ${STORIES.length}.`, { exitCode: 2 });

const begin = performance.now();
const told: Told[] = [];
for (const story of chosen) {
  process.stderr.write(`${story.title}\n`);
  const measured = [];
  for (const run of story.runs) {
    process.stderr.write(`  ${run.name}: ${run.load.seconds} s of load, then up to ${run.drainSeconds} s\n`);
    measured.push(await measure(run));
  }
  const one = { story, measured, problems: story.check(measured) };
  told.push(one);
  console.log(`${story.title}\n${storyTable(one)}`);
  console.log(
    one.problems.length === 0 ? `as expected: ${story.claim}\n` : `NOT as expected: ${one.problems.join('; ')}\n`,
  );
}

if (only === undefined) {
  mkdirSync(CHARTS, { recursive: true });
  for (const one of told) {
    const svg = storyChart(one);
    writeFileSync(join(CHARTS, `${one.story.file}.svg`), svg);
    writeFileSync(join(CHARTS, `${one.story.file}.png`), await svgToPng(svg));
  }
  const section = experimentSection(told, {
    command: COMMAND,
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.version}`,
    minutes: Math.round((performance.now() - begin) / 60_000),
  });
  const page = readFileSync(PAGE, 'utf8');
  const [before = '', rest = ''] = page.split('<!-- experiment:begin -->');
  const [, after = ''] = rest.split('<!-- experiment:end -->');
  writeFileSync(
    PAGE,
    `${before}<!-- experiment:begin -->\n<!-- Written by ${COMMAND}; changes by hand are lost. -->\n\n${section}\n<!-- experiment:end -->${after}`,
  );
  console.log('written: docs/backpressure.md, docs/charts/backlog-*.svg and .png');
}
if (told.some(({ problems }) => problems.length > 0)) process.exitCode = 1;
