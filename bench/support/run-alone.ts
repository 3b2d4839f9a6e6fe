import { rm } from 'node:fs/promises';
import { cpus } from 'node:os';
import { pathToFileURL } from 'node:url';
import { setBenchCredentials } from './account.ts';
import { synthesised } from './assembly.ts';
import { type Benchmark, type Cell, figure, ratioLine } from './result.ts';

/** Runs a benchmark if its file was started directly, with 3 rounds or `ROUNDS`, and prints the results. */
export async function runAlone(module: string, benchmark: Benchmark): Promise<void> {
  if (process.argv[1] === undefined || pathToFileURL(process.argv[1]).href !== module) return;
  setBenchCredentials();
  const assembly = await synthesised();
  try {
    const rounds = Number(process.env.ROUNDS ?? 3);
    const result = await benchmark.run({ rounds, assembly, onProgress: (message) => console.error(`  ${message}`) });
    for (const line of result.ratios) console.log(ratioLine(line));
    for (const { title, columns, rows } of result.tables) {
      console.log(`\n${title}\n${[columns, ...rows].map((row) => row.map(cellText).join(' | ')).join('\n')}`);
    }
    console.error(`\n${cpus().length} x ${cpus()[0]?.model}, Node ${process.version}`);
  } finally {
    await rm(assembly, { recursive: true, force: true });
  }
}

/** The text of a table cell. */
export function cellText(cell: Cell): string {
  if (typeof cell === 'string') return cell;
  if (typeof cell === 'number') return figure(cell);
  const { median, min, max, rounds } = cell;
  return rounds === 1 ? figure(median) : `${figure(median)} (${figure(min)}..${figure(max)})`;
}
