import type { OpenOwner } from '../../deployment/deployment.ts';
import { EXIT, UsageError } from '../../errors.ts';
import { STANDARD_INPUT } from '../../files/input.ts';
import { interrupted } from '../../interrupt.ts';
import { confirmed } from '../../output/confirm.ts';
import { grouped } from '../../output/numbers.ts';
import { progressBar } from '../../output/progress.ts';
import { conclude } from './conclude.ts';
import { type FileWork, throughFile } from './file-work.ts';
import { type ImportResult, importRows } from './import-rows.ts';
import { type Plan, planImport } from './plan.ts';
import { assertFewDeletions, type Removal, removeVanished } from './remove.ts';

/** The options of an import that is first planned. */
export interface SyncOptions {
  readonly sync?: boolean;
  readonly dryRun?: boolean;
  readonly maxDeletes?: number;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Plans an import, and prints what it would do. Then, with `--sync` and without `--dry-run`, does it. */
export async function planAndSync(work: FileWork, source: OpenOwner, options: SyncOptions): Promise<number> {
  const { io, signal, file } = work;
  if (file === STANDARD_INPUT && options.dryRun !== true) {
    throw new UsageError(
      '--sync: given: standard input. The command reads the file twice, so save it to a file first.',
    );
  }
  const { records, owner } = source;
  const plan = await throughFile(work, 'records compared', (file) => planImport({ ...file, records, signal }));
  if (plan.failure !== undefined) {
    io.stderr.write('nothing was changed\n');
    throw plan.failure;
  }
  if (signal.aborted) {
    io.stderr.write('nothing was changed\n');
    return interrupted(io);
  }
  if (options.dryRun) return reportPlan(work, plan, options);
  io.stderr.write(`${planText(plan, true)}\n`);
  if (plan.rejected > 0) {
    io.stderr.write(
      `--sync: ${plan.rejected} records were rejected, so it isn't known which entities the file lacks. Nothing was ` +
        'changed. Correct the file, or put the other records without --sync.\n',
    );
    return EXIT.failed;
  }
  assertFewDeletions(plan, options.maxDeletes);
  const { vanished } = plan;
  const question = `Delete ${grouped(vanished.length)} entities of ${work.contract.type} at ${source.name}?`;
  if (vanished.length > 0 && !(await confirmed(work, question, options.yes ?? false))) {
    io.stderr.write('nothing was changed\n');
    return EXIT.failed;
  }
  const { writers, maxWaitMs } = work;
  const imported = await throughFile(work, 'records', (file) =>
    importRows({ ...file, owner, writers, maxWaitMs, signal }),
  );
  const removal = (await mayRemove(work, plan, imported)) ? await remove(work, source, plan) : { deleted: 0, kept: 0 };
  return conclude(work, { ...imported, ...removal }, { ...options, sync: true });
}

/** Whether the file was read again as it was planned. */
async function mayRemove({ io, signal }: FileWork, plan: Plan, imported: ImportResult): Promise<boolean> {
  if (plan.vanished.length === 0) return false;
  const { failure, rejected, records, leftOut } = imported;
  const isSame = records === plan.records && leftOut === plan.leftOut && rejected === 0;
  if (failure === undefined && isSame && !signal.aborted) return true;
  io.stderr.write('nothing was deleted, because not all records of the file were put\n');
  return false;
}

async function remove(work: FileWork, { owner }: OpenOwner, { vanished }: Plan): Promise<Removal> {
  const { io, contract, writers, maxWaitMs, signal } = work;
  const show = progressBar(io, vanished.length, 'deletions');
  return removeVanished(vanished, {
    ...{ owner, type: contract.type, writers, maxWaitMs, signal },
    onKept: (entity, problem) => show.note(`${entity} was not deleted: ${problem}`),
    onProgress: (done) => show.update(done, done),
  }).finally(() => show.end());
}

function planText({ created, changed, unchanged, rejected, vanished }: Plan, sync: boolean): string {
  const puts = `${created} would be created, ${changed} changed, ${unchanged} unchanged`;
  return `dry run: ${puts}, ${sync ? `${vanished.length} deleted, ` : ''}${rejected} rejected`;
}

function reportPlan({ io }: FileWork, plan: Plan, { sync = false, json = false, maxDeletes }: SyncOptions): number {
  const { failure: _, owned, vanished, notPut: __, ...counts } = plan;
  const deleted = sync ? vanished.length : 0;
  io.stdout.write(`${json ? JSON.stringify({ dryRun: true, ...counts, deleted, owned }) : planText(plan, sync)}\n`);
  if (plan.rejected > 0) return EXIT.failed;
  if (sync) assertFewDeletions(plan, maxDeletes);
  return EXIT.ok;
}
