import Table from 'cli-table3';
import { Command } from 'commander';
import { EXIT, UsageError } from './errors.ts';
import { requireLocalCloud } from './local-file.ts';
import { STATUS_ROUTE, type StatusReport, statusReport } from './status-report.ts';

/** `freshet status`: owners and caches at a glance. */
export function statusCommand(): Command {
  return new Command('status')
    .summary('show owners and caches: outcomes, lead time, backlog')
    .description(
      'Shows what became of the events at each cache, the lead time from commit to cache, and what waits in the queues.',
    )
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      `
Lead time: milliseconds from the owner's commit to applied in the cache. Backlog: visible and in-flight messages.

Exit codes: 0 all well, 1 dead letters or diverted records are waiting for a person, 2 no local cloud is running.`,
    )
    .action(async (options: { json?: boolean }) => {
      const report = await fetchStatus((await requireLocalCloud()).file.url);
      process.stdout.write(`${options.json ? JSON.stringify(report) : renderStatus(report)}\n`);
      const troubled =
        report.caches.some((cache) => cache.deadLetters > 0) || report.owners.some((one) => one.diverted > 0);
      process.exitCode = troubled ? EXIT.failed : EXIT.ok;
    });
}

async function fetchStatus(url: string): Promise<StatusReport> {
  const response = await fetch(url + STATUS_ROUTE).catch(() => undefined);
  const parsed = statusReport.safeParse(await response?.json().catch(() => undefined));
  if (!response?.ok || !parsed.success) {
    throw new UsageError(`the local cloud at ${url} doesn't answer. Stop it and start it again: npm start`);
  }
  return parsed.data;
}

/** The report as tables for a terminal. */
export function renderStatus({ owners, caches }: StatusReport): string {
  const style = { head: [], border: [] };
  const right = 'right' as const;
  const cacheTable = new Table({
    head: [
      'cache',
      'entities',
      'applied',
      'superseded',
      'outdated',
      'duplicate',
      'parked',
      'lead p50',
      'lead p99',
      'backlog',
      'dead letters',
    ],
    colAligns: ['left', ...Array.from({ length: 10 }, () => right)],
    style,
  });
  for (const cache of caches) {
    cacheTable.push([
      cache.cache,
      cache.entities,
      cache.applied,
      cache.superseded,
      cache.outdated,
      cache.duplicate,
      cache.parked,
      milliseconds(cache.leadTimeP50Ms),
      milliseconds(cache.leadTimeP99Ms),
      cache.backlog,
      cache.deadLetters,
    ]);
  }
  const lines = owners.map(
    ({ owner, relay, published, diverted }) =>
      `owner ${owner}: relay ${relay}, ${published} versions published${diverted > 0 ? `, ${diverted} diverted` : ''}`,
  );
  return [...lines, cacheTable.toString()].join('\n');
}

function milliseconds(value: number | null): string {
  return value === null ? '-' : `${Math.round(value)} ms`;
}
