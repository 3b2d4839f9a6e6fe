import { EXIT } from '../../errors.ts';
import type { CommandIo } from '../../io.ts';
import { busy } from '../../output/spinner.ts';
import { typed } from '../../output/typed.ts';
import type { AppOptions } from '../up/app-options.ts';
import { compareSnapshots } from './compare.ts';
import { readSnapshot, SNAPSHOT_FILE, writeSnapshot } from './file.ts';
import { contractsOfApp, loadBoundaries } from './find.ts';
import type { Change } from './schema-changes.ts';
import { describeBoundary, type Snapshot } from './snapshot.ts';

interface CheckOptions extends AppOptions {
  readonly update?: boolean;
  readonly json?: boolean;
}

/** Compares the contracts with the snapshot, and writes the snapshot if it is asked to. @returns the exit code */
export async function checkContracts(
  io: CommandIo,
  paths: readonly string[],
  options: CheckOptions,
  signal: AbortSignal,
): Promise<number> {
  const { update = false, json = false } = options;
  const isWhole = paths.length === 0;
  const modules = isWhole
    ? await busy(io, 'synthesising the CDK app', { json }, () => contractsOfApp(io, options, signal))
    : paths;
  const now: Snapshot['boundaries'] = Object.fromEntries(
    (await loadBoundaries(io, modules)).map((boundary) => [boundary.name, describeBoundary(boundary)]),
  );
  const before = await readSnapshot(io.cwd);
  const found = before === undefined ? [] : compareSnapshots(before, now, isWhole);
  // Which consumers a change breaks is told by `contracts diff`.
  const changes = found.map(({ breaksReaders: _, ...change }) => change);
  const isBroken = changes.some(({ needs }) => needs !== undefined);
  const isWritten = update && !isBroken;
  if (isWritten) await writeSnapshot(io.cwd, { ...(isWhole ? {} : before), ...now });
  const isMissing = before === undefined;
  const undescribed = undescribedTypes(now);
  const isOk = undescribed.length === 0 && (isWritten || (!isMissing && changes.length === 0));
  if (json) {
    io.stdout.write(
      `${JSON.stringify({ ok: isOk, updated: isWritten, snapshot: !isMissing, changes, undescribed })}\n`,
    );
  } else {
    io.stdout.write(`${describe({ changes, isBroken, isWritten, isMissing, undescribed, now })}\n`);
  }
  return isOk ? EXIT.ok : EXIT.failed;
}

/** The types whose schema can't be described, so that its changes aren't seen. */
function undescribedTypes(boundaries: Snapshot['boundaries']): string[] {
  return Object.entries(boundaries).flatMap(([name, { owns }]) =>
    Object.entries(owns).flatMap(([type, { schema }]) => (schema === null ? [`${name}.owns.${type}`] : [])),
  );
}

interface Result {
  readonly changes: readonly Change[];
  readonly isBroken: boolean;
  readonly isWritten: boolean;
  readonly isMissing: boolean;
  readonly undescribed: readonly string[];
  readonly now: Snapshot['boundaries'];
}

function describe({ changes, isBroken, isWritten, isMissing, undescribed, now }: Result): string {
  const lines = changes.map(({ where, what, needs }) =>
    needs === undefined ? `  ${where}: ${what}` : `✗ ${where}: ${what}. Needs ${needs}.`,
  );
  const unseen = undescribed.map(
    (type) =>
      `✗ ${type}.schema: can't be read. Needs a schema that describes itself as JSON Schema, as zod's schemas do.`,
  );
  return [...lines, ...unseen, conclusion()].join('\n');

  function conclusion(): string {
    const names = Object.keys(now).sort().join(', ');
    if (isWritten)
      return `${SNAPSHOT_FILE} written: ${names}${unseen.length > 0 ? `, without what can't be read` : ''}`;
    if (isBroken) return 'A change needs something. Change the contracts as each line marked with ✗ says.';
    const run = `Run ${typed('contracts check --update')} and commit the file.`;
    if (isMissing) return `${SNAPSHOT_FILE} is missing. ${run}`;
    if (unseen.length > 0) return 'Changes of a schema that cannot be read are not found, so the check fails.';
    return changes.length > 0
      ? `${SNAPSHOT_FILE} is out of date. ${run}`
      : `The contracts equal the snapshot: ${names}`;
  }
}
