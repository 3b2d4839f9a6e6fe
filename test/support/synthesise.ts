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
 * Environment variables of every synthesis in the tests. They turn off what takes time and only helps a person who
 * reads the result: the CDK's own validation of the templates, which only prints warnings, and the notes in the cloud
 * assembly on where each construct was created. The checks that can end a synthesis still run, such as those of cdk-nag
 * and of Freshet.
 */
export const SYNTHESIS = {
  CDK_VALIDATION: 'false',
  CDK_CONTEXT_JSON: JSON.stringify({
    'aws:cdk:disable-stack-trace': true,
    'aws:cdk:disable-creation-stack-traces': true,
  }),
};

/**
 * Makes the folder of the cloud assemblies, and removes it after the last test. Several runs on the same checkout can
 * share a folder: `FRESHET_TEST_ASSEMBLIES` names it, and whoever made it removes it.
 */
export default async function setUp(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const shared = process.env.FRESHET_TEST_ASSEMBLIES;
  if (shared !== undefined) {
    project.provide('assemblies', shared);
    return undefined;
  }
  const folder = await mkdtemp(join(tmpdir(), 'freshet-assemblies-'));
  project.provide('assemblies', folder);
  return () => rm(folder, { recursive: true, force: true });
}
