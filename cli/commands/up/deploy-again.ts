import { rmSync } from 'node:fs';
import type { LocalCloud } from 'freshet-local/internal/cloud';
import { synthesise } from 'freshet-local/internal/synthesise';
import { localFileOf, writeLocalFile } from '../../deployment/local-file.ts';
import type { CommandIo } from '../../io.ts';
import type { AppOptions } from './app-options.ts';
import { assemblyFolder } from './assembly-folder.ts';

/** What a deployment into the running cloud changed. */
type Changes = Awaited<ReturnType<LocalCloud['apply']>>;

/**
 * Synthesises the app again and changes the running cloud to it, as a second `cdk deploy` does. If the synthesis fails,
 * rejects, and everything keeps running.
 *
 * @param more context values to add, for this deployment and for later ones
 */
export type DeployAgain = (more?: Readonly<Record<string, unknown>>) => Promise<Changes>;

/** @param startedAt when the local cloud was started, for its file */
export function createDeployAgain(
  { cwd, env }: Pick<CommandIo, 'cwd' | 'env'>,
  { context, stacks }: AppOptions,
  cloud: LocalCloud,
  { signal, startedAt }: { readonly signal: AbortSignal; readonly startedAt: string },
): DeployAgain {
  let revision = 0;
  let added: Readonly<Record<string, unknown>> = {};
  /** The assemblies that functions may run from, oldest first. */
  let assemblies = [assemblyFolder(cwd)];

  return async (more = {}) => {
    revision += 1;
    const assembly = assemblyFolder(cwd, revision);
    const all = { ...context, ...added, ...more };
    await synthesise(cwd, { assembly, signal, env, context: all, ...(stacks && { stacks }) });
    added = { ...added, ...more };
    assemblies.push(assembly);
    const changes = await cloud.apply(assembly);
    // After the end, nobody would remove the file.
    signal.throwIfAborted();
    writeLocalFile(cwd, { ...localFileOf(cloud), startedAt });
    for (const former of assemblies.slice(0, -1)) rmSync(former, { recursive: true, force: true, maxRetries: 5 });
    assemblies = [assembly];
    return changes;
  };
}
