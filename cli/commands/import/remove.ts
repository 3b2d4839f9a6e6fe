import type { Owner } from 'freshet-aws/internal/adapters/own/owner';
import { entityName } from 'freshet-aws/internal/core/entity';
import { FreshetError } from 'freshet-aws/internal/core/errors';
import { BackpressureError } from 'freshet-aws/internal/core/govern/admit';
import { UsageError } from '../../errors.ts';
import { eachAtOnce } from './each-at-once.ts';
import type { Plan, Vanished } from './plan.ts';

/** The part of an owner's entities that a sync may delete without `--max-deletes`. */
const MAX_SHARE = 0.1;

/** Throws a UsageError if a sync would delete more entities than it may. @param max as given by `--max-deletes` */
export function assertFewDeletions({ owned, vanished }: Plan, max: number | undefined): void {
  const allowed = max ?? Math.floor(owned * MAX_SHARE);
  const count = vanished.length;
  if (count <= allowed) return;
  const limit = max === undefined ? `a tenth of them, which is ${allowed}` : `${allowed}, as --max-deletes says`;
  throw new UsageError(
    `--sync: the file lacks ${count} of the ${owned} entities that the owner has. Allowed: ${limit}. Nothing was ` +
      `changed. If the file is complete, pass --max-deletes ${count}.`,
  );
}

/** How deletions ended. */
export interface Removal {
  deleted: number;
  /** Entities that were changed or deleted since they were compared with the file. */
  kept: number;
  failure?: unknown;
}

/** Deletes entities that vanished from a file, each only at the version that was compared with the file. */
export async function removeVanished(
  vanished: readonly Vanished[],
  job: {
    readonly owner: Pick<Owner, 'delete'>;
    readonly type: string;
    readonly writers: number;
    readonly maxWaitMs: number;
    readonly signal: AbortSignal;
    readonly onKept: (entity: string, problem: string) => void;
    readonly onProgress: (done: number) => void;
  },
): Promise<Removal> {
  const { owner, type, maxWaitMs } = job;
  const removal: Removal = { deleted: 0, kept: 0 };
  const each = async function* () {
    yield* vanished;
  };
  const { failure } = await eachAtOnce(each(), { atOnce: job.writers, signal: job.signal }, async (one, signal) => {
    try {
      await owner.delete(type, one.id, { expectedVersion: one.version, maxWaitMs, signal });
      removal.deleted += 1;
    } catch (error) {
      if (error instanceof BackpressureError && signal.aborted) return;
      if (!(error instanceof FreshetError) || error instanceof BackpressureError) throw error;
      removal.kept += 1;
      job.onKept(entityName({ type, id: one.id }), error.message);
    }
    job.onProgress(removal.deleted + removal.kept);
  });
  return failure === undefined ? removal : { ...removal, failure };
}
