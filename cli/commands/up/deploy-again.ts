import { rmSync } from 'node:fs';
import type { LocalCloud } from 'freshet-local/internal/cloud';
import { type LocalFile, localFileOf, writeLocalFile } from '../../deployment/local-file.ts';
import type { CommandIo } from '../../io.ts';
import { assemblyFolder } from './assembly-folder.ts';
import { type SynthesisOptions, synthesiseApp } from './synthesise-app.ts';

/** What a deployment into the running cloud changed. */
type Changes = Awaited<ReturnType<LocalCloud['apply']>>;

/**
 * Synthesises the app again and changes the running cloud to it, as a second `cdk deploy` does. If the synthesis fails,
 * rejects, and everything keeps running.
 *
 * @param more context values to add, for this deployment and for later ones
 */
export type DeployAgain = (more?: Readonly<Record<string, unknown>>) => Promise<Changes>;

/** @param file what the cloud's file said at its start */
export function createDeployAgain(
  io: Pick<CommandIo, 'cwd' | 'env'>,
  options: SynthesisOptions,
  cloud: LocalCloud,
  { signal, file }: { readonly signal: AbortSignal; readonly file: LocalFile },
): DeployAgain {
  const { cwd } = io;
  let revision = 0;
  let added: Readonly<Record<string, unknown>> = {};
  /** The assemblies that functions may run from, oldest first. */
  let assemblies = [assemblyFolder(cwd)];

  return async (more = {}) => {
    revision += 1;
    const assembly = assemblyFolder(cwd, revision);
    await synthesiseApp(io, options, { assembly, signal, more: { ...added, ...more } });
    added = { ...added, ...more };
    assemblies.push(assembly);
    const changes = await cloud.apply(assembly);
    // After the end, nobody would remove the file.
    signal.throwIfAborted();
    writeLocalFile(cwd, { ...file, ...localFileOf(cloud), startedAt: file.startedAt });
    for (const former of assemblies.slice(0, -1)) rmSync(former, { recursive: true, force: true, maxRetries: 5 });
    assemblies = [assembly];
    return changes;
  };
}
