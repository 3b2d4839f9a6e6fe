import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of the cloud assembly that `npm run synth` would write: templates and Lambda bundles. */
    assembly: string;
    /** The folder of the assemblies that only some tests need; see `synthesiseOnce`. */
    furtherAssemblies: string;
  }
}

/**
 * Environment variables of every synthesis in the tests. They turn off the CDK's own validation of the templates, which
 * takes a third of the time and only prints warnings. The checks that can end a synthesis still run, such as those of
 * cdk-nag and of Freshet.
 */
export const SYNTHESIS = { CDK_VALIDATION: 'false' };

/** Synthesises the app once for all tests, which then use the bundles and templates that a deployment would send. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'freshet-assembly-'));
  const further = join(folder, 'further');
  mkdirSync(further);
  await synthesise('bin/app.ts', join(folder, 'app'));
  project.provide('assembly', join(folder, 'app'));
  project.provide('furtherAssemblies', further);
  return () => rm(folder, { recursive: true, force: true });
}

/**
 * Synthesises another app when the first test of a run needs it. The other tests wait until the assembly is complete.
 *
 * @param folder the folder of these assemblies
 * @param waitUntil waits for a condition
 */
export async function synthesiseOnce(
  app: string,
  folder: string,
  waitUntil: (condition: () => boolean) => Promise<unknown>,
): Promise<string> {
  const name = app.replaceAll(/\W/g, '-');
  const [assembly, begun, done] = ['', '-begun', '-done'].map((suffix) => join(folder, name + suffix)) as [
    string,
    string,
    string,
  ];
  // Only one process can create the folder, because creating a folder is atomic.
  if (isMade(begun)) {
    await synthesise(app, assembly);
    isMade(done);
  }
  await waitUntil(() => existsSync(done));
  return assembly;
}

function isMade(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

async function synthesise(app: string, assembly: string): Promise<void> {
  await promisify(execFile)(process.execPath, ['--conditions=freshet-source', '--import', 'tsx', app], {
    env: { ...process.env, ...SYNTHESIS, CDK_OUTDIR: assembly },
  });
}
