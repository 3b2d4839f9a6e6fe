import { rmSync } from 'node:fs';
import type { LocalCloud } from 'freshet-local/internal/cloud';
import type { Reporter } from 'freshet-local/internal/story';
import { synthesise } from 'freshet-local/internal/synthesise';
import { localFileOf, writeLocalFile } from '../../deployment/local-file.ts';
import type { CommandIo } from '../../io.ts';
import type { AppOptions } from './app-options.ts';
import { assemblyFolder } from './assembly-folder.ts';

/** The most changed files that are named. */
const MOST_NAMED = 3;

/** Synthesises the app again and changes the running cloud to it. An error is printed, and everything keeps running. */
export type ApplyChange = (files: readonly string[]) => Promise<void>;

/** @param startedAt when the local cloud was started, for its file */
export function createApplyChange(
  { cwd, env }: Pick<CommandIo, 'cwd' | 'env'>,
  { context, stacks }: AppOptions,
  cloud: LocalCloud,
  {
    report,
    signal,
    startedAt,
  }: { readonly report: Reporter; readonly signal: AbortSignal; readonly startedAt: string },
): ApplyChange {
  let revision = 0;
  /** The assemblies that functions may run from, oldest first. */
  let assemblies = [assemblyFolder(cwd)];

  return async (files) => {
    const more = files.length > MOST_NAMED ? ` and ${files.length - MOST_NAMED} more` : '';
    report.heading(`Changed: ${files.slice(0, MOST_NAMED).join(', ')}${more}`);
    revision += 1;
    const assembly = assemblyFolder(cwd, revision);
    try {
      const options = { assembly, signal, env, ...(context && { context }), ...(stacks && { stacks }) };
      await synthesise(cwd, options);
      assemblies.push(assembly);
      const { done, left } = await cloud.apply(assembly);
      for (const one of done) report.step(one);
      for (const one of left) report.print(`  ! ${one}`);
      if (done.length + left.length === 0) report.step('the app deploys the same as before');
      writeLocalFile(cwd, { ...localFileOf(cloud), startedAt });
      for (const former of assemblies.slice(0, -1)) rmSync(former, { recursive: true, force: true, maxRetries: 5 });
      assemblies = [assembly];
    } catch (error) {
      if (signal.aborted) return;
      const message = error instanceof Error ? error.message : String(error);
      report.print(`  ✗ ${message}\n  The local cloud runs on without this change.`);
    }
  };
}
