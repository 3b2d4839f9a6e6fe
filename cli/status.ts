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
Filled: whether a backfill brought what the owners had before the cache was there. Set aside: see freshet parked.

Exit codes: 0 all well, 1 something is set aside and waits for a person, 2 no local cloud is running.`,
    )
    .action(async (options: { json?: boolean }) => {
      const report = await fetchStatus((await requireLocalCloud()).file.url);
      process.stdout.write(`${options.json ? JSON.stringify(report) : renderStatus(report)}\n`);
      const troubled =
        report.caches.some((cache) => cache.deadLetters + cache.setAside > 0) ||
        report.owners.some((owner) => owner.setAside > 0);
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

type CacheStatus = StatusReport['caches'][number];

/** The columns beside the cache's name; those that are seldom needed are left out while all are 0. */
const COLUMNS: readonly { head: string; of: (cache: CacheStatus) => string | number; seldom?: true }[] = [
  { head: 'backfill', of: ({ readiness }) => backfilled(readiness) },
  { head: 'entities', of: (cache) => cache.entities },
  { head: 'applied', of: (cache) => cache.applied },
  { head: 'superseded', of: (cache) => cache.superseded },
  { head: 'outdated', of: (cache) => cache.outdated },
  { head: 'duplicate', of: (cache) => cache.duplicate },
  { head: 'gap', of: (cache) => cache.gap, seldom: true },
  { head: 'discarded', of: (cache) => cache.discarded, seldom: true },
  { head: 'parked', of: (cache) => cache.parked },
  { head: 'held', of: (cache) => cache.held, seldom: true },
  { head: 'lead p50', of: (cache) => milliseconds(cache.leadTimeP50Ms) },
  { head: 'lead p99', of: (cache) => milliseconds(cache.leadTimeP99Ms) },
  { head: 'backlog', of: (cache) => cache.backlog },
  { head: 'dead letters', of: (cache) => cache.deadLetters, seldom: true },
  { head: 'set aside', of: (cache) => cache.setAside },
];

/** The report as tables for a terminal. */
export function renderStatus({ owners, caches }: StatusReport): string {
  const columns = COLUMNS.filter(({ of, seldom }) => !seldom || caches.some((cache) => of(cache) !== 0));
  const table = new Table({
    head: ['cache', ...columns.map(({ head }) => head)],
    colAligns: ['left', 'left', ...columns.slice(1).map(() => 'right' as const)],
    style: { head: [], border: [] },
  });
  for (const cache of caches) table.push([cache.cache, ...columns.map(({ of }) => of(cache))]);
  const lines = owners.map(({ owner, relay, published, setAside }) => {
    const more = setAside > 0 ? `, ${setAside} set aside: freshet parked list ${owner}` : '';
    return `owner ${owner}: relay ${relay}, ${published} versions published${more}`;
  });
  return [...lines, table.toString()].join('\n');
}

/** The state that all types share, else how many of them are ready. A cache that was there from the start needs no backfill. */
function backfilled(readiness: CacheStatus['readiness']): string {
  const states = Object.values(readiness);
  const [first = '-'] = states;
  if (states.every((state) => state === first)) return first === 'empty' ? 'none' : first;
  return `${states.filter((state) => state === 'ready').length} of ${states.length} ready`;
}

function milliseconds(value: number | null): string {
  return value === null ? '-' : `${Math.round(value)} ms`;
}
