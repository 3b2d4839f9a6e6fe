import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder of the cloud assemblies of a run; see `assemblyOf`. */
    assemblies: string;
  }
}

/**
 * Environment variables of every synthesis in the tests. They turn off the CDK's own validation of the templates, which
 * takes a third of the time and only prints warnings. The checks that can end a synthesis still run, such as those of
 * cdk-nag and of Freshet.
 */
export const SYNTHESIS = { CDK_VALIDATION: 'false' };

/** Makes the folder of the cloud assemblies, and removes it after the last test. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'freshet-assemblies-'));
  project.provide('assemblies', folder);
  return () => rm(folder, { recursive: true, force: true });
}
