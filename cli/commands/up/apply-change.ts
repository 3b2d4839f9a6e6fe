import type { Reporter } from 'freshet-local/internal/story';
import type { DeployAgain } from './deploy-again.ts';

/** The most changed files that are named. */
const MOST_NAMED = 3;

/** Deploys the changed app into the running cloud. An error is printed, and everything keeps running. */
export type ApplyChange = (files: readonly string[]) => Promise<void>;

export function createApplyChange(
  deployAgain: DeployAgain,
  { report, signal }: { readonly report: Reporter; readonly signal: AbortSignal },
): ApplyChange {
  return async (files) => {
    const more = files.length > MOST_NAMED ? ` and ${files.length - MOST_NAMED} more` : '';
    report.heading(`Changed: ${files.slice(0, MOST_NAMED).join(', ')}${more}`);
    try {
      const { done, left } = await deployAgain();
      for (const one of done) report.step(one);
      for (const one of left) report.print(`  ! ${one}`);
      if (done.length + left.length === 0) report.step('the app deploys the same as before');
    } catch (error) {
      if (signal.aborted) return;
      const message = error instanceof Error ? error.message : String(error);
      report.print(`  ✗ ${message}\n  The local cloud runs on without this change.`);
    }
  };
}
