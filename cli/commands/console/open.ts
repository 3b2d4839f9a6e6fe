import { createReads } from '../../console/api/reads.ts';
import { type Console, type ConsoleOptions, startConsole } from '../../console/server.ts';
import type { Deployment } from '../../deployment/deployment.ts';

/** What `openConsole` needs. */
export type OpenConsoleOptions = Omit<ConsoleOptions<Deployment>, 'createReads' | 'deployment'>;

/** Starts the console of a deployment; see `startConsole`. */
export function openConsole(deployment: Deployment, options: OpenConsoleOptions): Promise<Console> {
  return startConsole({ ...options, deployment, createReads: (of) => createReads(of, options.on) });
}
